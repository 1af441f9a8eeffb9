import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { COMPLETIONS } from '../../cli/completions.ts'
import { serveControl } from '../../node/control.ts'
import { runShoal } from './run-shoal.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const shells = suite('completion in shells')
let dir = ''
let control: Awaited<ReturnType<typeof serveControl>>
const CID = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

shells.before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'shoal-completion-'))
  mkdirSync(join(dir, 'bin'))
  writeFileSync(join(dir, 'bin', 'shoal'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, {
    mode: 0o755,
  })
  writeFileSync(join(dir, 'two words.warc'), '')
  for (const [shell, script] of Object.entries(COMPLETIONS)) writeFileSync(join(dir, shell), script)
  // a node that is asked for its shards
  control = await serveControl(join(dir, 'data'), async ({ command }) =>
    command === 'listShards' ? [{ manifest: CID, name: 'one\x1b[31m\tfile' }] : [],
  )
})

shells.after(async () => {
  await control.close()
  rmSync(dir, { recursive: true })
})

function run(shell: string, args: string[]): string | null {
  if (spawnSync(shell, ['--version']).error) {
    console.log(`skipped: no ${shell} here`)
    return null
  }
  const env = { PATH: `${join(dir, 'bin')}:${process.env.PATH}`, HOME: dir, SHOAL_HOME: join(dir, 'data') }
  const { stdout, stderr } = spawnSync(shell, args, { cwd: dir, env, encoding: 'utf8', timeout: 240_000 })
  assert.is(stderr, '')
  return stdout
}

/** Completes a line as bash does, which cuts words at = and : as well. */
const bash = (line: string) =>
  run('bash', [
    ...['--norc', '-c'],
    `source ./bash; COMP_LINE=$1; COMP_POINT=\${#1}; _shoal shoal; for each in "\${COMPREPLY[@]}"; do echo "$each"; done`,
    ...['bash', line],
  ])

shells('bash completes commands, options, values, files', () => {
  for (const [line, reply] of [
    ['shoal sha', 'shards\nshard\n'],
    ['shoal shard ', 'list\nshow\n'],
    ['shoal start --di', '--disk\n'],
    ['shoal crawl --preset laion-4', 'laion-400m\n'],
    ['shoal crawl --preset=laion-4', 'laion-400m\n'],
    ['shoal crawl two', 'two words.warc\n'],
    ['shoal crawl --data=two', 'two words.warc\n'],
  ] as const) {
    const found = bash(line)
    if (found === null) return
    assert.is(found, reply, line)
  }
})

shells('fish and zsh do', () => {
  const fish = run('fish', ['--no-config', '-c', 'source ./fish; complete -C "shoal crawl --preset laion-4"'])
  if (fish !== null) assert.is(fish, 'laion-400m\n')
  const files = run('fish', ['--no-config', '-c', 'source ./fish; complete -C "shoal crawl two"'])
  if (files !== null) assert.match(files, /^two words\.warc/)
  // a line editor needs a terminal: what is to be offered is looked at where it is given over
  const script = `compdef() { :; }; _describe() { print -l -- "\${(@)\${(P)2}}" }; _files() { print files }; compset() { :; }
    source ./zsh; words=(shoal crawl --preset laion-4); CURRENT=4; PREFIX=laion-4; _shoal
    words=(shoal start ''); CURRENT=3; PREFIX=--di; _shoal; words=(shoal crawl ''); CURRENT=3; PREFIX=; _shoal`
  const zsh = run('zsh', ['-f', '-c', script])
  if (zsh !== null) assert.is(zsh, 'laion-400m:\n--disk:Most that the data may take, as 50GB\nfiles\n')
})

shells('CIDs are those that a running node tells, with nothing that a terminal obeys', async () => {
  const answer = await runShoal(['__complete', 'shard', 'show', '.'], { SHOAL_HOME: join(dir, 'data') })
  assert.is(answer.stdout, `${CID}\tone [31m file\n`)
  assert.is(answer.status, 0)
})

shells('where no node runs, none are, and nothing fails', async () => {
  const answer = await runShoal(['__complete', 'shard', 'show', '.'], { SHOAL_HOME: '/dev/null/none' })
  assert.equal({ ...answer, ms: 0 }, { status: 0, stdout: '', stderr: '', ms: 0 })
})

shells('each script is printed, as it is and as JSON', async () => {
  for (const shell of Object.keys(COMPLETIONS)) {
    const { stdout } = await runShoal(['completion', shell])
    assert.is(stdout.trim(), COMPLETIONS[shell]!.trim())
  }
  const { stdout } = await runShoal(['completion', 'fish', '--json'])
  assert.is(JSON.parse(stdout).script, COMPLETIONS.fish)
  const other = await runShoal(['completion', 'csh'])
  assert.is(other.status, 2)
  assert.match(other.stderr, /no completion for "csh"; one of bash, zsh, fish, powershell/)
})

shells.run()
