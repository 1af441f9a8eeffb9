import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openStore, type Store } from '../../../node/store/store.ts'
import { openRun, saveRun } from '../../../node/work/run-state.ts'
import { encode } from '../../../protocol/codec.ts'

const test = suite<{ dir: string; store: Store }>('the state of a run')
test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-run-'))
  context.store = await openStore(join(context.dir, 'db'))
})
test.after(async ({ dir, store }) => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

const COUNTS = { bytes: 1, records: 1, responses: 1, htmlPages: 1, badRecords: 0, imgs: 1, candidates: 1 }
const scope = new Uint8Array(16).fill(9)
const named = (byte: number) => new Uint8Array(16).fill(byte)

test('a run that two devices worked on names the coarser, whichever came first', async ({ store }) => {
  const run = named(1)
  const start = (device: string) => openRun(store, run, scope, { content: 'a', device }, 5)
  const first = await start('cpu/fp32')
  await saveRun(store, run, { ...first, read: { counts: COUNTS, open: 1 } })
  assert.is((await start('webgpu/fp32')).deviceClass, 'webgpu/fp32')
  const again = await start('cpu/fp32')
  assert.equal([again.deviceClass, again.read?.open], ['webgpu/fp32', 1])
})

test('a run is begun anew where a shard can not hold what both gave, unless it is done', async ({
  store,
}) => {
  const run = named(2)
  const start = (device: string, now: number) => openRun(store, run, scope, { content: 'a', device }, now)
  await saveRun(store, run, { ...(await start('cpu/int8', 5)), read: { counts: COUNTS, open: 1 } })
  const fresh = await start('cpu/fp32', 6)
  assert.equal([fresh.deviceClass, fresh.read, fresh.startedAt], ['cpu/fp32', null, 6])
  await saveRun(store, run, { ...fresh, read: { counts: COUNTS, open: 1 }, finishedAt: 7 })
  const done = await start('cpu/int8', 8)
  assert.equal([done.deviceClass, done.finishedAt], ['cpu/fp32', 7])
})

test('a run that does not say goes on as what is there now', async ({ store }) => {
  const run = named(3)
  const fingerprint = '3 a'
  await store.runs.put(
    run,
    encode({ fingerprint, startedAt: 5, read: null, finishedAt: null, manifest: null }),
  )
  const state = await openRun(store, run, scope, { content: 'a', device: 'cuda/fp32' }, 6)
  assert.equal([state.deviceClass, state.startedAt], ['cuda/fp32', 5])
})

test.run()
