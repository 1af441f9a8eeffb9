import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openPool, type SourcePool } from '../../../node/fetch/fetch.ts'
import { type Blocks, openBlocks } from '../../../node/store/store.ts'
import { cidOf } from '../../../protocol/codec.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { codeOf, log, playSource } from './played-source.ts'

const COUNT = 40
const pool = suite<{ dir: string; blocks: Blocks; cids: CID[] }>('sources asked together')

pool.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-pool-'))
  context.blocks = await openBlocks(context.dir)
  context.cids = []
  for (let i = 0; i < COUNT; i++) {
    const bytes = new TextEncoder().encode(`block ${i}`)
    const cid = cidOf(bytes, 'raw')
    await context.blocks.put(cid, bytes)
    context.cids.push(cid)
  }
})
pool.after(({ dir }) => rm(dir, { recursive: true }))

const getAll = (opened: SourcePool, cids: CID[]) => Promise.all(cids.map((cid) => opened.get(cid)))
const stateOf = (opened: SourcePool, name: string) => opened.report().find((one) => one.name === name)?.state
const forged = async () => new TextEncoder().encode('something else')

pool('share the blocks out, few at first, more to the quicker', async ({ blocks, cids }) => {
  const [quick, slow] = [playSource('quick', blocks, { ms: 2 }), playSource('slow', blocks, { ms: 60 })]
  const opened = openPool([slow, quick], { log })
  const got = await getAll(opened, cids)
  opened.close()
  assert.equal(
    got.map((bytes) => new TextDecoder().decode(bytes)),
    cids.map((_, i) => `block ${i}`),
  )
  assert.ok(slow.asked.length > 0 && quick.asked.length > 2 * slow.asked.length, `${quick.asked.length}`)
  assert.is(quick.asked.length + slow.asked.length, COUNT, 'none twice')
  assert.ok(quick.peak > 2 && quick.peak <= 8, `${quick.peak}`)
})

pool('drop and name the one that sends bytes of another block, however it comes out', async (context) => {
  const { blocks, cids } = context
  const liar = playSource('liar', blocks, { answer: (_, nth) => (nth > 3 ? forged() : null) })
  const teller = playSource('teller', blocks, {
    answer: async () => {
      throw new ShoalError('block_forged', 'it sent bytes of another block')
    },
  })
  const named: string[] = []
  const honest = playSource('honest', blocks, { ms: 5 })
  const opened = openPool([liar, teller, honest], { log, onForged: (name) => named.push(name) })
  await getAll(opened, cids)
  opened.close()
  assert.equal(named.sort(), ['liar', 'teller'])
  assert.equal(
    [stateOf(opened, 'liar'), stateOf(opened, 'teller'), stateOf(opened, 'honest')],
    ['forged', 'forged', 'open'],
  )
  assert.ok(liar.asked.length < 8, 'nothing more is asked of it')
})

pool('leave one that fails alone for a while, and give it up after some times', async ({ blocks, cids }) => {
  const broken = playSource('broken', blocks, {
    answer: async () => {
      throw new Error('no connection')
    },
  })
  const dying = playSource('dying', blocks, { answer: (_, nth) => (nth > 5 ? new Promise(() => {}) : null) })
  const honest = playSource('honest', blocks, { ms: 20 })
  const opened = openPool([broken, dying, honest], { log, blockMs: 1_000, restMs: 50 })
  await getAll(opened, cids)
  opened.close()
  assert.is(stateOf(opened, 'broken'), 'failed')
  assert.ok(broken.asked.length <= 6, `${broken.asked.length}`)
  assert.ok(dying.asked.length <= 5 + 2 + 3, `${dying.asked.length}`)
})

pool('come back to the only one that has a block', async ({ blocks, cids }) => {
  const moody = playSource('moody', blocks, {
    answer: (_, nth) => (nth === 1 ? Promise.reject(new Error('busy')) : null),
  })
  const poor = playSource('poor', blocks, { answer: async () => null })
  const opened = openPool([moody, poor], { log, restMs: 50 })
  assert.is((await opened.get(cids[0]!)).length, 'block 0'.length)
  opened.close()
})

pool('ask a second one for what is late', async ({ blocks, cids }) => {
  const stuck = playSource('stuck', blocks, { answer: (_, nth) => (nth > 2 ? new Promise(() => {}) : null) })
  const other = playSource('other', blocks, { ms: 10 })
  const opened = openPool([stuck, other], { log })
  const began = performance.now()
  await getAll(opened, cids)
  opened.close()
  // it is not given up before half a minute
  assert.ok(performance.now() - began < 20_000)
  assert.ok(stuck.asked.length > 2)
})

pool('wait for sources while they are looked for, and no longer', async ({ blocks, cids }) => {
  const none = cidOf(new TextEncoder().encode('nowhere'), 'raw')
  const found = Promise.withResolvers<void>()
  async function* search() {
    yield playSource('poor', blocks, { answer: async () => null })
    await found.promise
    yield playSource('rich', blocks)
  }
  const opened = openPool(search(), { log })
  const got = opened.get(cids[0]!)
  const lost = codeOf(opened.get(none))
  found.resolve()
  assert.is((await got).length, 'block 0'.length)
  assert.is(await lost, 'block_missing')
  opened.close()
  assert.is(await codeOf(openPool([], { log }).get(none)), 'block_missing')
})

pool('end with the signal', async ({ blocks, cids }) => {
  const stop = new AbortController()
  const stuck = playSource('stuck', blocks, { answer: () => new Promise(() => {}) })
  const opened = openPool([stuck], { log, signal: stop.signal })
  const work = codeOf(opened.get(cids[0]!))
  stop.abort(new ShoalError('stopped', 'enough'))
  assert.is(await work, 'stopped')
  assert.is(await codeOf(opened.get(cids[1]!)), 'stopped')
})

pool.run()
