import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const telemetry = suite('scorer: telemetry')
const LIMIT_MS = 240_000
const DOOR = new URL('../../../node/score/score.ts', import.meta.url).href
const PROGRAM = `
  const { openScorer } = await import('${DOOR}')
  const scorer = await openScorer(undefined, { cacheDir: process.cwd(), threads: 1 })
  await scorer.score(new Uint8Array(3 * scorer.geometry.width * scorer.geometry.height), 'a cat')
  await scorer.close()
`

telemetry('the runtime keeps no device id and no queue of events to upload', async () => {
  const home = await mkdtemp(join(tmpdir(), 'shoal-home-'))
  try {
    const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home, XDG_CACHE_HOME: join(home, 'cache') }
    const args = ['--input-type=module', '--eval', PROGRAM]
    await promisify(execFile)(process.execPath, args, { cwd: home, env, timeout: LIMIT_MS })
    assert.equal(await readdir(home, { recursive: true }), [])
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})

telemetry.run()
