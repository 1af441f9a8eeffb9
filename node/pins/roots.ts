import { CID } from 'multiformats/cid'
import { CODECS, decode, encode, equalBytes } from '../../protocol/codec.ts'
import type { Home } from '../home.ts'
import type { Blocks, Store } from '../store/store.ts'
import { linksOf } from './walk-dag.ts'

/**
 * Why a DAG is kept. `own`: a shard of this node; `campaign`: a campaign's list; `fetched`: the user wants it;
 * `release`: a release made here; `replica`: of another node's shard, as long as there is room.
 */
export type Why = 'own' | 'campaign' | 'fetched' | 'release' | 'replica'

export interface Root {
  cid: CID
  why: Why
  /** when it was pinned, milliseconds since 1970; null where it need not be pinned to be kept */
  since: number | null
  /** of its blocks when it was pinned; null where that is not known */
  bytes: number | null
}

interface Stored {
  why: Why
  since: number
  bytes: number | null
}

/** What roots are found in. */
export type PinParts = Pick<Home, 'store' | 'blocks' | 'signer'>

export async function findPin(store: Pick<Store, 'pins'>, cid: CID): Promise<Root | null> {
  const stored = await store.pins.get(cid.bytes)
  return stored ? { cid, ...(decode(stored) as Stored) } : null
}

export const pinBytes = ({ why, since, bytes }: Stored): Uint8Array => encode({ why, since, bytes })

/** Those that are written down as pins. */
export async function* listPinned({ pins }: Pick<Store, 'pins'>): AsyncGenerator<Root> {
  for await (const [key, value] of pins.iterator())
    yield { cid: CID.decode(key), ...(decode(value) as Stored) }
}

/** Every root that is kept: those that the rest of the database speaks of as well. One may come twice. */
export async function* listRoots({
  store,
  signer,
}: Pick<PinParts, 'store' | 'signer'>): AsyncGenerator<Root> {
  for await (const [key, envelope] of store.shards.iterator())
    if (isOf(envelope, signer.publicKey)) yield { cid: CID.decode(key), why: 'own', since: null, bytes: null }
  // of a campaign's envelope the links are its lists
  for await (const envelope of store.campaigns.values())
    for (const cid of linksOf(CODECS['dag-cbor'], envelope))
      yield { cid, why: 'campaign', since: null, bytes: null }
  yield* listPinned(store)
}

/** Whether a record, which lies in the database and was verified, is by this key. */
export function isOf(envelope: Uint8Array, key: Uint8Array): boolean {
  return equalBytes((decode(envelope) as { key: Uint8Array }).key, key)
}

const held = new WeakMap<Blocks, Map<string, { cid: CID; times: number }>>()

/**
 * Keep what is here of a DAG while it is fetched or made, until what is returned is called: then its blocks are kept for
 * GRACE_MS from when they came. Nothing of it outlives the process.
 */
export function holdRoot(blocks: Blocks, cid: CID): () => void {
  const roots = held.get(blocks) ?? new Map<string, { cid: CID; times: number }>()
  held.set(blocks, roots)
  const name = cid.toString()
  const root = roots.get(name) ?? { cid, times: 0 }
  roots.set(name, root)
  root.times++
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    if (--root.times === 0) roots.delete(name)
  }
}

/** @see holdRoot */
export function heldRoots(blocks: Blocks): CID[] {
  return Array.from(held.get(blocks)?.values() ?? [], ({ cid }) => cid)
}
