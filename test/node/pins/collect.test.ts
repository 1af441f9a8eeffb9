import { writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addPin, collect, GRACE_MS, holdRoot, removePin } from '../../../node/pins/pins.ts'
import { ageBlock, fileOf, openTemporary, putCbor, putPb, putRaw, putRecord } from './make-dags.ts'

const collecting = suite('collect')
const OLD_MS = GRACE_MS + 60_000

/** Blocks of which each may name earlier ones; how each is made, which are pinned, which are old. */
const graphs = fc.array(
  fc.record({
    kind: fc.constantFrom('raw', 'cbor', 'pb', 'record'),
    links: fc.array(fc.nat(30), { maxLength: 4 }),
    isPinned: fc.boolean(),
    isUnpinned: fc.boolean(),
    isHeld: fc.boolean(),
    isOld: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
)

collecting('keeps every pinned DAG whole and what is young, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      await using stack = new AsyncDisposableStack()
      const home = await openTemporary(stack)
      const cids: CID[] = []
      const below: Set<number>[] = []
      for (const [i, { kind, links }] of graph.entries()) {
        const to = kind === 'raw' ? [] : links.filter((link) => link < i)
        const linked = to.map((link) => cids[link]!)
        if (kind === 'raw') cids.push(await putRaw(home, `${i}`))
        else if (kind === 'pb') cids.push(await putPb(home, linked, `${i}`))
        else if (kind === 'cbor') cids.push(await putCbor(home, { i, list: [{ linked }] }))
        else cids.push(await putRecord(home, { i, linked }))
        below.push(new Set([i, ...to.flatMap((link) => [...below[link]!])]))
      }
      const roots: number[] = []
      for (const [i, { isPinned, isUnpinned, isHeld }] of graph.entries()) {
        if (isPinned) await addPin(home, cids[i]!, 'fetched')
        if (isPinned && isUnpinned) await removePin(home, cids[i]!)
        if (isHeld) holdRoot(home.blocks, cids[i]!)
        if ((isPinned && !isUnpinned) || isHeld) roots.push(i)
      }
      for (const [i, { isOld }] of graph.entries()) if (isOld) await ageBlock(home, cids[i]!, OLD_MS)
      const kept = new Set(roots.flatMap((root) => [...below[root]!]))
      const swept = await collect(home)
      for (const [i, { isOld }] of graph.entries())
        assert.is(await home.blocks.has(cids[i]!), kept.has(i) || !isOld, `block ${i}`)
      assert.is(swept.kept, kept.size)
      const freed = graph.filter(({ isOld }, i) => isOld && !kept.has(i)).length
      assert.is(swept.freed.blocks, freed)
      assert.is(swept.waiting.blocks, graph.length - kept.size - freed)
    }),
    { numRuns: 15 },
  )
})

collecting('frees at once what was unpinned, but for what came just now', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const shared = await putRaw(home, 'shared')
  const [one, other] = [await putCbor(home, [shared, 1]), await putCbor(home, [shared, 2])]
  for (const cid of [shared, one, other]) await ageBlock(home, cid, 3_600_000)
  await addPin(home, one, 'fetched')
  await addPin(home, other, 'replica')
  await removePin(home, one)
  assert.is((await collect(home)).freed.blocks, 1)
  assert.ok(await home.blocks.has(shared))
  assert.not(await home.blocks.has(one))
  await putRaw(home, 'shared')
  await removePin(home, other)
  const swept = await collect(home)
  assert.equal([swept.freed.blocks, swept.waiting.blocks], [1, 1])
  assert.ok(await home.blocks.has(shared), 'somebody has put it again')
})

collecting('keeps what is asked for or written while it runs', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const [asked, read, written, neither] = await Promise.all(
    ['a', 'r', 'w', 'n'].map((text) => putRaw(home, text)),
  )
  for (const cid of [asked!, read!, written!, neither!]) await ageBlock(home, cid, OLD_MS)
  const swept = await home.blocks.sweep({
    mark: async () => {
      assert.ok(await home.blocks.has(asked!))
      await Array.fromAsync(home.blocks.get(read!))
      await home.blocks.put(written!, new TextEncoder().encode('w'))
      return () => false
    },
    before: Date.now() + 60_000,
  })
  assert.equal([swept.freed.blocks, swept.waiting.blocks], [1, 3])
})

collecting('never takes a block that was put again while it was being deleted', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  for (let round = 0; round < 20; round++) {
    const cids = await Promise.all(Array.from({ length: 20 }, (_, i) => putRaw(home, `${i}`)))
    for (const cid of cids) await ageBlock(home, cid, OLD_MS)
    const sweeping = collect(home)
    await Promise.all(cids.map((_, i) => putRaw(home, `${i}`)))
    await sweeping
    for (const cid of cids) assert.ok(await home.blocks.has(cid))
  }
})

collecting('deletes nothing where a pinned DAG can not be read', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const leaf = await putRaw(home, 'leaf')
  const root = await putCbor(home, [leaf])
  await addPin(home, root, 'fetched')
  await writeFile(fileOf(home, root), 'something else')
  await ageBlock(home, leaf, OLD_MS)
  await collect(home).then(
    () => assert.unreachable(),
    ({ code }) => assert.is(code, 'block_corrupt'),
  )
  assert.ok(await home.blocks.has(leaf))
})

collecting('takes no time for a DAG whose nodes name the same ones again and again', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  let cid = await putRaw(home, 'end')
  for (let depth = 0; depth < 64; depth++) cid = await putCbor(home, [cid, cid, cid])
  await addPin(home, cid, 'fetched')
  assert.is((await collect(home)).kept, 65)
})

collecting.run()
