import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { askDaemon } from '../../../node/control.ts'
import { startShoal } from '../run-shoal.ts'

/** For processes to come and to go. */
const PATIENCE_MS = 240_000

const ends = suite<{ dir: string }>('ends of the demo')

ends.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-ends-'))
})
// daemons that end write to their directories until they have
ends.after.each(({ dir }) => rm(dir, { recursive: true, force: true, maxRetries: 10 }))

/** The processes of the demo's daemons in a directory. */
async function findDaemons(dir: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,args='])
  return stdout
    .split('\n')
    .filter((line) => line.includes(dir) && line.includes('demo/daemon'))
    .map((line) => Number.parseInt(line, 10))
}

async function waitForDaemons(dir: string, count: number): Promise<number[]> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await findDaemons(dir)
    if (found.length === count) return found
    if (performance.now() > end) throw new Error(`${found.length} daemons, not ${count}`)
    await sleep(50)
  }
}

if (process.platform !== 'win32') {
  ends('killed, it leaves no process behind, even while they start', async ({ dir }) => {
    const { child, ended } = startShoal(['demo', '--data', dir])
    await waitForDaemons(dir, 3)
    child.kill('SIGKILL')
    await ended
    await waitForDaemons(dir, 0)
  })

  ends('what keeps nodes from starting is told at once', async ({ dir }) => {
    const deep = join(dir, 'deep'.repeat(30))
    const { status, stdout, stderr } = await startShoal(['demo', '--json', '--data', deep]).ended
    assert.is(status, 1)
    const { error } = JSON.parse(stdout)
    assert.is(error.code, 'control_path')
    assert.match(error.message, /^node [123]: .* choose a shorter place with --data/)
    assert.match(stderr, /node-1.shoal\.log (is empty|ends:)/)
    assert.equal(await findDaemons(dir), [])
  })

  ends('one that runs is not trodden on by another', async ({ dir }) => {
    const { child, ended } = startShoal(['demo', '--data', dir])
    const end = performance.now() + PATIENCE_MS
    while ((await askDaemon(join(dir, 'demo/node-1'), { command: 'status' })) === undefined) {
      assert.ok(performance.now() < end, 'no node started')
      await sleep(50)
    }
    const { status, stdout } = await startShoal(['demo', '--json', '--data', dir]).ended
    assert.is(status, 1)
    assert.is(JSON.parse(stdout).error.code, 'demo_running')
    assert.is((await findDaemons(dir)).length, 3)
    child.kill('SIGTERM')
    assert.is((await ended).status, 143)
  })

  ends('interrupted at work, it ends its daemons first', async ({ dir }) => {
    const { child, ended } = startShoal(['demo', '--data', dir])
    const [first] = await waitForDaemons(dir, 3)
    // a terminal tells all of them
    process.kill(first!, 'SIGINT')
    child.kill('SIGINT')
    const { status } = await ended
    assert.is(status, 130)
    assert.equal(await findDaemons(dir), [])
  })

  ends('where a node dies it says which one, and ends the others', async ({ dir }) => {
    const { ended } = startShoal(['demo', '--json', '--data', dir])
    const [, second] = await waitForDaemons(dir, 3)
    process.kill(second!, 'SIGKILL')
    const { status, stdout, stderr } = await ended
    assert.is(status, 1)
    const { error } = JSON.parse(stdout)
    assert.is(error.code, 'demo_node')
    assert.match(error.message, /^node [123] ended by SIGKILL: see .*node-[123].shoal\.log$/)
    assert.match(stderr, /node-1.shoal\.log (is empty|ends:)/)
    assert.equal(await findDaemons(dir), [])
  })
}

ends.run()
