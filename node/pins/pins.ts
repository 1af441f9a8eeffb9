import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import type { Blocks, Store } from '../store/store.ts'
import { findPin, isOf, type PinParts, pinBytes, type Root, type Why } from './roots.ts'
import { walkDag } from './walk-dag.ts'

export { type Collected, collect, GRACE_MS } from './collect.ts'
export { findPin, holdRoot, listPinned, listRoots, type PinParts, type Root, type Why } from './roots.ts'
export { linksOf } from './walk-dag.ts'

/**
 * Milliseconds since a block was written, below which it is not taken for a part of what is unpinned alone: something
 * unfinished may just have brought the same block.
 */
const RECENT_MS = 10 * 60_000

/** What wants it more goes before: the user's pin is not made a replica. */
const RANKS: Readonly<Record<Why, number>> = { replica: 0, fetched: 1, release: 2, campaign: 3, own: 4 }

/**
 * Keep a DAG, all of which has to be here. One that is kept already stays so, for the weightier of both reasons.
 *
 * @param clock - milliseconds since 1970
 * @throws ShoalError `pin_missing` where part of it is not here; `block_corrupt`
 */
export async function addPin(
  { store, blocks }: { store: Pick<Store, 'pins'>; blocks: Blocks },
  cid: CID,
  why: Exclude<Why, 'campaign'>,
  clock: () => number = Date.now,
): Promise<Root> {
  const known = await findPin(store, cid)
  if (known && RANKS[known.why] >= RANKS[why]) return known
  const since = known?.since ?? clock()
  // first, or a sweep that begins meanwhile would not know of it
  if (!known) await store.pins.put(cid.bytes, pinBytes({ why, since, bytes: 0 }))
  try {
    const bytes = await measureDag(blocks, cid)
    await store.pins.put(cid.bytes, pinBytes({ why, since, bytes }))
    return { cid, why, since, bytes }
  } catch (error) {
    if (!known) await store.pins.del(cid.bytes)
    throw error
  }
}

/** Whether every block of a DAG is here. */
export async function isWhole(blocks: Blocks, root: CID): Promise<boolean> {
  for await (const cid of walkDag(blocks, root)) if (!(await blocks.has(cid))) return false
  return true
}

/** @returns bytes of all blocks. @throws ShoalError `pin_missing` */
async function measureDag(blocks: Blocks, root: CID): Promise<number> {
  let bytes = 0
  for await (const cid of walkDag(blocks, root)) {
    // asked for, so that no sweep that goes on deletes it
    const found = (await blocks.has(cid)) ? await blocks.look(cid) : null
    if (found === null)
      throw new ShoalError(
        'pin_missing',
        cid.equals(root)
          ? `${root} is not here: get it with \`shoal fetch\` first`
          : `block ${cid} of ${root} is not here: get all of it with \`shoal fetch\` first`,
      )
    bytes += found.bytes
  }
  return bytes
}

/**
 * Keep a DAG no longer, and if it is another node's shard or release, list it no longer. What nothing else needs of it is freed by
 * the next sweep; blocks that came in the last minutes wait for GRACE_MS.
 *
 * @throws ShoalError `pin_own`, `pin_unknown`
 */
export async function removePin(
  parts: PinParts,
  cid: CID,
  { clock = Date.now, recentMs = RECENT_MS }: { clock?: () => number; recentMs?: number } = {},
): Promise<void> {
  const { store, blocks, signer } = parts
  const [pin, shard, release] = [
    await findPin(store, cid),
    await store.shards.get(cid.bytes),
    await store.releases.get(cid.bytes),
  ]
  const envelope = shard ?? release
  if (pin?.why === 'own' || (envelope && isOf(envelope, signer.publicKey)))
    throw new ShoalError('pin_own', `${cid} is this node's own: it is always kept`)
  if (!pin && !envelope) throw new ShoalError('pin_unknown', `${cid} is not pinned: see \`shoal pin list\``)
  await store.batch([
    { type: 'del', sublevel: store.pins, key: cid.bytes },
    { type: 'del', sublevel: store.shards, key: cid.bytes },
    { type: 'del', sublevel: store.releases, key: cid.bytes },
  ])
  for await (const block of walkDag(blocks, cid)) await blocks.ripen(block, clock() - recentMs)
}
