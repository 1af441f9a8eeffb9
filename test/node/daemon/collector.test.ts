import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startCollector } from '../../../node/daemon/collector.ts'
import { watchDisk } from '../../../node/daemon/disk.ts'
import { openLog } from '../../../node/log.ts'
import { addPin, GRACE_MS, removePin } from '../../../node/pins/pins.ts'
import { ageBlock, openTemporary, putRaw } from '../pins/make-dags.ts'

const room = suite('room on the disk')
const BLOCK_BYTES = 500_000

/** A data directory with so many blocks that nothing keeps and so many replicas; others' room is for `keeps` blocks. */
async function play(stack: AsyncDisposableStack, garbage: number, replicas: number, keeps: number) {
  const home = await openTemporary(stack)
  const put = async (text: string) => {
    const cid = await putRaw(home, text.padEnd(BLOCK_BYTES))
    await ageBlock(home, cid, GRACE_MS + 60_000)
    return cid
  }
  for (let i = 0; i < garbage; i++) await put(`garbage ${i}`)
  const kept: CID[] = []
  for (let i = 0; i < replicas; i++) {
    const cid = await put(`replica ${i}`)
    await addPin(home, cid, 'replica')
    kept.push(cid)
  }
  const disk = watchDisk(home.dir, (keeps + 0.5) * BLOCK_BYTES)
  const asked: number[] = []
  const collector = startCollector(home, disk, {
    ...{ log: openLog('silent', 'stderr'), clock: Date.now, onDrop: () => {} },
    async dropReplicas(bytes) {
      asked.push(bytes)
      const cid = kept.pop()
      if (cid) await removePin(home, cid)
      return cid !== undefined
    },
  })
  stack.defer(() => collector.close())
  return { home, collector, kept, asked, disk, put }
}

room('is there as long as it is not full, and nothing is deleted then', async () => {
  await using stack = new AsyncDisposableStack()
  const { collector } = await play(stack, 1, 1, 2)
  assert.ok(await collector.hasRoom())
  assert.is(collector.last(), null)
})

room('is made of what nothing keeps, and of replicas only where that is not enough', async () => {
  await using stack = new AsyncDisposableStack()
  const { collector, kept, asked, home } = await play(stack, 2, 1, 1)
  assert.equal(await Promise.all([collector.hasRoom(), collector.hasRoom()]), [true, true])
  assert.equal([asked.length, kept.length, collector.last()?.freed.blocks], [0, 1, 2])
  assert.ok(await home.blocks.has(kept[0]!))
})

room('is made of as many replicas as it takes', async () => {
  await using stack = new AsyncDisposableStack()
  const { collector, kept, asked, disk } = await play(stack, 1, 3, 1)
  assert.ok(await collector.hasRoom())
  assert.is(kept.length, 1)
  assert.ok(asked[0]! > BLOCK_BYTES && asked[0]! < 2 * BLOCK_BYTES)
  assert.not(disk.isFull())
})

room('is not looked for again and again where there is none, until something is unpinned', async () => {
  await using stack = new AsyncDisposableStack()
  const { collector, home, asked, put } = await play(stack, 0, 0, 1)
  const own = [await put('a'), await put('b')]
  for (const cid of own) await addPin(home, cid, 'fetched')
  assert.not(await collector.hasRoom())
  assert.not(await collector.hasRoom())
  assert.is(asked.length, 1)
  await removePin(home, own[0]!)
  collector.soon()
  assert.ok(await collector.hasRoom())
})

room.run()
