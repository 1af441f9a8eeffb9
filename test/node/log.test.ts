import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseLevel, type LogLevel, openLog } from '../../node/log.ts'

/** of fields, those that a log itself has, and those of objects */
const NAMES = fc.constantFrom('code', 'peer', 'file', 'why', 'error', 'err', 'msg', 'toString', 'constructor')

const logging = suite<{ dir: string }>('log')
logging.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-log-'))
})
logging.after.each(({ dir }) => rm(dir, { recursive: true }))

async function write(dir: string, level: LogLevel, use: (log: ReturnType<typeof openLog>) => void) {
  const file = join(dir, 'deep', 'shoal.log')
  use(openLog(level, { file }))
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

logging('lines are JSON, in a file made with its directory', async ({ dir }) => {
  const [line] = await write(dir, 'info', (log) => log.info({ segment: 3 }, 'segment begun'))
  assert.is(line.msg, 'segment begun')
  assert.is(line.segment, 3)
  assert.match(line.time, /^\d{4}-\d\d-\d\dT/)
})

logging('what strangers wrote is kept out above debug', async ({ dir }) => {
  const fields = { url: 'https://example.org/', text: 'words', status: 404, manifest: 'bafy' }
  const lines = await write(dir, 'info', (log) => {
    log.warn(fields, 'refused')
    log.child({ segment: 1 }).error({ ...fields, code: 'a code?\n', reason: 'broken' }, 'failed')
  })
  assert.is(lines.length, 2)
  for (const { level: _, pid: _pid, time: _time, msg, ...rest } of lines)
    assert.equal(rest, { status: 404, manifest: 'bafy', ...(msg === 'failed' ? { segment: 1 } : {}) })
  assert.is(fields.text, 'words', "the caller's object is not touched")
})

logging('while debugging it comes in a line of its own', async ({ dir }) => {
  const lines = await write(dir, 'debug', (log) => {
    log.debug({ url: 'https://example.org/' }, 'asked')
    log.warn({ text: 'words', status: 404 }, 'refused')
  })
  assert.equal(
    lines.map(({ level, url, text, status, msg }) => [level, msg, url ?? text ?? status]),
    [
      [20, 'asked', 'https://example.org/'],
      [40, 'refused', 404],
      [20, 'refused', 'words'],
    ],
  )
})

logging('of an error its code, and what it says while debugging', async ({ dir }) => {
  const error = Object.assign(new Error('a stranger said so'), { code: 'block_forged' })
  const use = (log: ReturnType<typeof openLog>) => {
    log.error({ error, segment: 3 }, 'failed')
    log.error(error)
    log.warn({ error: new TypeError('no code') }, 'failed')
    log.debug({ error }, 'failed')
  }
  const plain = await write(dir, 'info', use)
  assert.equal(
    plain.map(({ code, segment, ...rest }) => [code, segment, JSON.stringify(rest).includes('stranger')]),
    [
      ['block_forged', 3, false],
      ['block_forged', undefined, false],
      ['unexpected', undefined, false],
    ],
  )
  const debugged = await write(join(dir, 'debugged'), 'debug', use)
  assert.is(debugged.length, 7)
  assert.is(debugged[1].message, 'a stranger said so')
  assert.match(debugged[1].stack, /log\.test\.ts/)
  assert.is(debugged[6].error.message, 'a stranger said so')
})

logging('what the node ends of is told', async ({ dir }) => {
  const fields = { code: 'ledger_write', message: 'the disk is full' }
  const [line] = await write(dir, 'info', (log) => log.fatal(fields, 'the node can not go on'))
  assert.is(line.message, fields.message)
})

logging('no words but those of the program, whatever the fields', async ({ dir }) => {
  let files = 0
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.oneof(fc.string(), NAMES), fc.anything()), async (fields) => {
      const before = JSON.stringify(Object.keys(fields))
      const lines = await write(join(dir, String(files++)), 'info', (log) => log.info(fields, 'said'))
      assert.is(JSON.stringify(Object.keys(fields)), before)
      assert.is(lines.length, 1)
      const { time: _, msg, ...rest } = lines[0]
      assert.is(msg, 'said')
      for (const [name, value] of Object.entries(rest)) {
        assert.ok(typeof value !== 'object' || value === null, name)
        if (typeof value === 'string' && !['file', 'why'].includes(name))
          assert.match(value, /^[\w.:/[\] -]{1,200}$/)
      }
    }),
    { numRuns: 100 },
  )
})

logging('what is said is written in the code: never what comes from elsewhere', async () => {
  let calls = 0
  for (const folder of ['node', 'cli'])
    for await (const path of glob('**/*.ts', { cwd: new URL(`../../${folder}/`, import.meta.url) })) {
      const code = await readFile(new URL(`../../${folder}/${path}`, import.meta.url), 'utf8')
      for (const [call] of code.matchAll(/\blog\??\.(?:info|warn|error|fatal)\([\s\S]{0,300}/g)) {
        calls++
        // fields, if there are any, then a text with nothing put in
        assert.match(
          call,
          /^[\w.?]+\(\s*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\},\s*)?'[^'\n]+',?\s*\)/,
          `${folder}/${path}`,
        )
      }
    }
  assert.ok(calls > 20, `${calls} calls were found`)
})

logging('SHOAL_LOG beats --verbose, and an unknown word is no reason to stop', () => {
  assert.is(chooseLevel(false, {}), 'info')
  assert.is(chooseLevel(true, {}), 'debug')
  assert.is(chooseLevel(true, { SHOAL_LOG: 'WARN' }), 'warn')
  assert.is(chooseLevel(false, { SHOAL_LOG: 'loud' }), 'info')
})

logging.run()
