import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeEntry, readEntry } from '../../cli/log-entry.ts'
import { openLog } from '../../node/log.ts'
import { runShoal, startShoal } from './run-shoal.ts'

const logs = suite<{ dir: string; file: string }>('shoal log')
logs.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-log-'))
  context.file = join(context.dir, 'shoal.log')
})
logs.after.each(({ dir }) => rm(dir, { recursive: true }))

const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/
const MANIFEST = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'

function write(file: string): void {
  const log = openLog('debug', { file })
  log.info({ segment: 3, manifest: MANIFEST }, 'a segment is done')
  log.debug(
    { peer: '\x1b]0;owned\x07\x9b31m\u202etxt', code: 'peer_odd' },
    `said \x1b[31m${'long '.repeat(40)}`,
  )
  log.debug({ error: new Error('broken\nin two') }, 'it failed')
}

logs(
  'entries for people: local time, level, message, fields; clean, in 80 columns',
  async ({ dir, file }) => {
    write(file)
    await appendFile(file, '{"level":30,"time":"2026-\x1b[31m\n')
    const { status, stdout, stderr } = await runShoal(['log', '--data', dir])
    assert.is(status, 0)
    assert.is(stderr, '')
    assert.not.match(stdout, CONTROLS)
    for (const line of stdout.split('\n')) assert.ok(stringWidth(line) <= 80, line)
    const lines = stdout.split('\n')
    assert.match(lines[0]!, /^\d{4}-\d\d-\d\d$/)
    assert.match(lines[1]!, /^\d\d:\d\d:\d\d {2}info {3}a segment is done$/)
    assert.ok(stdout.includes(MANIFEST), 'whole, to be copied')
    assert.match(stdout, /debug +said \[31mlong/)
    assert.match(stdout, /debug {2}it failed\n {4}error broken in two\n/)
    assert.match(stdout, /\{"level":30,"time":"2026- \[31m\n$/)
  },
)

logs(
  '--json: the entries as they are, one object for what is none, then the result',
  async ({ dir, file }) => {
    write(file)
    await appendFile(file, 'torn {\n[1]\n')
    const { stdout } = await runShoal(['log', '--json', '--lines', '4', '--data', dir])
    assert.not.match(stdout, CONTROLS)
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.is(objects.length, 5)
    assert.is(objects[0].peer, '\x1b]0;owned\x07\x9b31m\u202etxt')
    assert.is(objects[1].error.message, 'broken\nin two')
    assert.equal(objects.slice(2), [{ broken: 'torn {' }, { broken: '[1]' }, { log: file, lines: 4 }])
  },
)

logs('a log that is not there is no failure', async ({ dir }) => {
  const [human, json] = await Promise.all([
    runShoal(['log', '--data', dir]),
    runShoal(['log', '--json', '--data', dir]),
  ])
  assert.is(human.status, 0)
  assert.match(human.stdout, /^No log here yet: shoal start --data /)
  assert.equal(JSON.parse(json.stdout), { log: join(dir, 'shoal.log'), lines: 0 })
})

logs('--follow shows what comes, until it is told to end', async ({ dir, file }) => {
  await writeFile(file, '{"level":30,"time":1,"msg":"first"}\n')
  const { child, ended } = startShoal(['log', '--follow', '--data', dir])
  child.stdout.on('data', async (text: string) => {
    if (text.includes('first')) await appendFile(file, '{"level":30,"time":2,"msg":"second"}\n')
    if (text.includes('second')) child.kill('SIGINT')
  })
  const { status, stdout } = await ended
  assert.is(status, 0)
  assert.match(stdout, /first\n.*second\n$/)
})

logs('whatever stands in a log, lines are clean and short', () => {
  const level = fc.oneof(fc.constantFrom(10, 30, 60), fc.jsonValue())
  const entry = fc.oneof(
    fc.record({
      level,
      time: fc.jsonValue(),
      msg: fc.jsonValue(),
      x: fc.jsonValue({ stringUnit: 'binary' }),
    }),
    fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
  )
  fc.assert(
    fc.property(entry, (fields) => {
      const read = readEntry(JSON.stringify(fields))
      assert.ok(read)
      for (const line of describeEntry(read)) {
        assert.not.match(line, CONTROLS)
        assert.not.match(line, /\n/)
        assert.ok(stringWidth(line) <= 80, line)
      }
    }),
  )
  for (const none of ['', 'null', '1', '[]', '"x"', '{"a":']) assert.is(readEntry(none), null)
})

logs.run()
