import { existsSync, globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from '../cli/parse.ts'
import { runShoal } from './cli/run-shoal.ts'

const docs = suite('commands in the documentation')
const root = fileURLToPath(new URL('../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  scripts: Record<string, string>
}

interface Found {
  place: string
  /** as a shell would divide it; redirections and what follows a pipe are left out */
  words: string[]
}

const found = globSync('{README.md,CHANGELOG.md,docs/**/*.md}', { cwd: root }).flatMap((path) =>
  readCommands(path, readFileSync(`${root}${path}`, 'utf8')),
)

function readCommands(path: string, text: string): Found[] {
  return [...text.matchAll(/^```(?:sh|shell|bash|console)\n([\s\S]*?)^```/gm)].flatMap((block) => {
    const first = text.slice(0, block.index).split('\n').length + 1
    return block[1]!
      .replace(/\\\n/g, '  ')
      .split('\n')
      .flatMap((line, i) =>
        divide(line.replace(/^\$ /, '')).map((words) => ({ place: `${path}:${first + i}`, words })),
      )
  })
}

/** One line's commands, divided at `&&`, `;` and pipes; comments end it. */
function divide(line: string): string[][] {
  const commands: string[][] = [[]]
  for (const [token] of line.matchAll(/&&|\|\|?|;|#.*|(?:'[^']*'|"[^"]*"|[^\s'"|;])+/g)) {
    if (token.startsWith('#')) break
    if (/^(?:&&|\|\|?|;)$/.test(token)) commands.push([])
    else commands.at(-1)!.push(token.replace(/^(['"])(.*)\1$/, '$2'))
  }
  return commands
    .map((words) => words.slice(0, words.findIndex((word) => /^\d?[<>]/.test(word)) >>> 0))
    .map((words) => words.slice(words.findIndex((word) => !/^\w+=/.test(word)) >>> 0))
    .filter((words) => words.length > 0)
}

/** @returns what `shoal` is given, or null where a command is another program's */
function readShoal(words: readonly string[]): string[] | null {
  const [program, ...rest] = words
  if (program === 'shoal') return rest
  if (program === 'npx') return rest[0] === 'shoal' ? rest.slice(1) : null
  if (program !== 'npm') return null
  const [action, ...others] = rest.filter((word) => word !== '-s' && word !== '--silent')
  const script = action === 'run' ? others.shift() : action
  const args = others[0] === '--' ? others.slice(1) : []
  if (script === 'start') return ['demo', ...args]
  return script === 'shoal' ? args : null
}

docs('there are some', () => {
  assert.ok(found.filter(({ words }) => readShoal(words) !== null).length >= 2)
})

docs('scripts and files they name exist', () => {
  for (const { place, words } of found) {
    const [program, ...rest] = words
    if (program === 'npm') {
      const [action, script] = rest.filter((word) => !word.startsWith('-'))
      const name = action === 'run' ? script : action
      if (action === 'run' || action === 'start' || action === 'test')
        assert.ok(name !== undefined && name in scripts, `${place}: no script ${name}`)
    }
    if (/(?:^|\/)node$/.test(program!)) {
      const file = rest.find((word) => !word.startsWith('-'))
      if (file) assert.ok(existsSync(`${root}${file}`), `${place}: no file ${file}`)
    }
  }
})

docs('commands and options of shoal are understood', () => {
  for (const { place, words } of found) {
    const args = readShoal(words)
    if (args === null) continue
    try {
      parse(args)
    } catch (error) {
      assert.unreachable(`${place}: ${words.join(' ')}: ${(error as Error).message}`)
    }
  }
})

// the others are run by the tests of their own: demo, crawl and the shard commands
docs('those that only tell something are run', async () => {
  for (const { place, words } of found) {
    const args = readShoal(words)
    if (args === null || parse(args).show === 'command') continue
    const { status, stdout } = await runShoal(args)
    assert.is(status, 0, place)
    assert.ok(stdout.length > 0, place)
  }
})

docs('the reader of commands reads them as a shell does', () => {
  const text =
    "```sh\n$ npm run -s shoal -- shard show bafy | head # a word\ncd x && shoal crawl 'a b' > out\n```\n"
  assert.equal(
    readCommands('x.md', text).map(({ place, words }) => [place, readShoal(words)]),
    [
      ['x.md:2', ['shard', 'show', 'bafy']],
      ['x.md:2', null],
      ['x.md:3', null],
      ['x.md:3', ['crawl', 'a b']],
    ],
  )
})

docs.run()
