import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runShoal } from './run-shoal.ts'

const cli = suite('shoal as a program')
const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** A module that has a process tell the milliseconds of its processor's time at its end. */
const TELL_CPU = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => { const { user, system } = process.cpuUsage(); process.stderr.write(String((user + system) / 1000)) })',
)}`

const BAD_USAGE: [string[], RegExp][] = [
  [[], /name what to work on: shoal --campaign/],
  [['harvest'], /unknown command "harvest"; one of demo, crawl/],
  [['shard'], /shard needs one of list, show/],
  [['crawl'], /crawl needs <file\.\.\.>/],
  [['crawl', 'a.warc', '--presets', 'x'], /unknown option --presets: did you mean --preset\?/],
  [['crawl', 'a.warc', '--wavelength', 'x'], /unknown option --wavelength; known are .*--preset/],
  [['shrad', 'list'], /unknown command "shrad": did you mean shard list\?/],
  [['shard', 'lsit'], /unknown command "shard lsit": did you mean shard list\?/],
  [['help', 'crwal'], /no help on "crwal": did you mean help crawl\?/],
  [['status', '--threads', '3'], /status has no option --threads; it has --data/],
  [['crawl', 'a.warc', '--preset', 'laion'], /--preset "laion" is unknown; one of laion-400m, laion-5b/],
  [['crawl', 'a.warc', '--out'], /--out needs a value/],
  [['crawl', 'a.warc', '--threshold', 'high'], /--threshold "high" is not a number from -1 to 1/],
  [['shard', 'show', 'one', 'two'], /"two" is too much/],
  [['export', 'bafy'], /needs --format, one of parquet, laion5b/],
]

for (const [args, message] of BAD_USAGE)
  cli(`bad usage ends with 2 and one line: shoal ${args.join(' ')}`, async () => {
    // where no node has ever been
    const { status, stdout, stderr } = await runShoal(args, { SHOAL_HOME: '/dev/null/none' })
    assert.is(status, 2)
    assert.is(stdout, '')
    assert.match(stderr, /^error \(usage\): [^\n]+\n$/)
    assert.match(stderr, message)
  })

cli('with --json a failure is the last line of stdout as well', async () => {
  const { status, stdout } = await runShoal(['crawl', '--json'])
  assert.is(status, 2)
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  assert.is(last.error.code, 'usage')
  assert.match(last.error.message, /crawl needs/)
})

// what it says of each command is tested without a process for each, see width.test.ts
cli('explains itself, without colours in a pipe', async () => {
  for (const args of [['--help'], ['help', 'shard'], ['crawl', '--help']]) {
    const { status, stdout, stderr } = await runShoal(args)
    assert.is(status, 0)
    assert.is(stderr, '')
    assert.match(stdout, /\nExamples\n/)
    assert.not.match(stdout, /\x1b/)
  }
})

cli('help comes at once', () => {
  // 200 ms is the aim, seven times what an empty Node needs; some is slack. The processor's time is nearly the
  // same on a busy machine, and the best of five is judged
  const best = (args: string[]) => {
    const times = Array.from({ length: 5 }, () =>
      spawnSync(process.execPath, ['--import', TELL_CPU, ...args], { encoding: 'utf8' }),
    )
    return Math.min(...times.map(({ stderr }) => Number(stderr)))
  }
  const [empty, help] = [best(['-e', '0']), best([MAIN, 'crawl', '--help'])]
  assert.ok(help > 0 && help < 10 * empty, `${help} ms, and ${empty} ms for an empty Node`)
})

cli('--version is the version of the package', async () => {
  const { status, stdout } = await runShoal(['--version'])
  assert.is(status, 0)
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

cli('colours only where they are asked for', async () => {
  assert.not.match((await runShoal(['harvest'])).stderr, /\x1b/)
  assert.match((await runShoal(['harvest'], { FORCE_COLOR: '1' })).stderr, /\x1b\[31m/)
  assert.not.match((await runShoal(['harvest'], { NO_COLOR: '1' })).stderr, /\x1b/)
})

cli('a stack is shown only on request', async () => {
  assert.not.match((await runShoal(['harvest'])).stderr, /\n\s+at /)
  assert.match((await runShoal(['harvest'], { SHOAL_DEBUG: '1' })).stderr, /\n\s+at /)
})

cli('a reader that goes away is no failure', async () => {
  const child = spawn(process.execPath, [MAIN, 'crawl', '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
  })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const status = await new Promise((resolve) => child.on('close', resolve))
  assert.is(status, 0)
  assert.is(stderr, '')
})

cli.run()
