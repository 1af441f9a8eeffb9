import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseLevel, type LogLevel, openLog } from '../../node/log.ts'

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

logging('what strangers wrote is kept out above debug, even while debugging', async ({ dir }) => {
  const fields = { url: 'https://example.org/', text: 'words', status: 404 }
  const lines = await write(dir, 'debug', (log) => {
    log.debug(fields, 'asked')
    log.warn(fields, 'refused')
    log.child({ segment: 1 }).error(fields, 'failed')
  })
  assert.is(lines[0].url, 'https://example.org/')
  for (const line of lines.slice(1)) {
    assert.is(line.url, undefined)
    assert.is(line.text, undefined)
    assert.is(line.status, 404)
  }
  assert.is(fields.text, 'words', "the caller's object is not touched")
})

logging('an error keeps its stack', async ({ dir }) => {
  const [line] = await write(dir, 'info', (log) => log.error(new Error('broken')))
  assert.is(line.err.message, 'broken')
})

logging('SHOAL_LOG beats --verbose, and an unknown word is no reason to stop', () => {
  assert.is(chooseLevel(false, {}), 'info')
  assert.is(chooseLevel(true, {}), 'debug')
  assert.is(chooseLevel(true, { SHOAL_LOG: 'WARN' }), 'warn')
  assert.is(chooseLevel(false, { SHOAL_LOG: 'loud' }), 'info')
})

logging.run()
