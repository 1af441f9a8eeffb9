import { createReadStream } from 'node:fs'
import { unixfs } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'
import { decode, encode } from '../../protocol/codec.ts'
import type { Signer } from '../../protocol/envelope.ts'
import { type Manifest, makeManifest } from '../../protocol/records/manifest.ts'
import { makeShard, type Shard } from '../../protocol/records/shard.ts'
import type { Blocks, Store } from '../store/store.ts'
import type { WrittenFile } from './write.ts'

/** What a producer's operator and team call themselves, if anything. */
export type Called = Pick<Shard, 'operator' | 'team'>

export interface Published {
  /** names the shard */
  manifest: CID
  files: Manifest['files']
}

/**
 * Put a shard's files and its manifest into the blockstore and sign for it. Files become UnixFS with raw
 * leaves of 1 MiB (profile unixfs-v1-2025, IPIP-499), so that the same bytes have the same CID everywhere.
 *
 * The shard record goes into `store.shards` together with the producer's place in its own chain, and only
 * once every block is on the disk. Publishing the same manifest again changes nothing.
 *
 * @param manifest - all of it but the files
 * @param called - what goes into the record
 * @throws ShoalError `manifest_field` where counts and files disagree, `block_write` where the disk fails
 */
export async function publishShard(
  { store, blocks, signer }: { store: Store; blocks: Blocks; signer: Signer },
  written: readonly WrittenFile[],
  manifest: Omit<Manifest, 'files'>,
  called: Called = {},
): Promise<Published> {
  const files: Manifest['files'] = []
  for (const { name, path, rows, bytes } of written) {
    const cid = await unixfs({ blockstore: blocks }).addByteStream(createReadStream(path), {
      profile: 'unixfs-v1-2025',
    })
    files.push({ name, cid, bytes, rows })
  }
  const block = makeManifest({ ...manifest, files })
  await blocks.put(block.cid, block.bytes)
  await inTurn(store, () => chain(store, signer, block.cid, manifest, called))
  return { manifest: block.cid, files }
}

/** Sign the shard as the next of this producer's: two records of one place would look like a fork. */
async function chain(
  store: Store,
  signer: Signer,
  manifest: CID,
  { campaign, segment, counts }: Omit<Manifest, 'files'>,
  called: Called,
): Promise<void> {
  if (await store.shards.get(manifest.bytes)) return
  const head = await readHead(store, signer)
  const seq = head ? head.seq + 1 : 0
  const record = await makeShard(
    { campaign, segment, manifest, rows: counts.pairs, seq, previous: head?.id ?? null, ...called },
    signer,
  )
  await store.batch(
    [
      { type: 'put', sublevel: store.shards, key: manifest.bytes, value: record.bytes },
      { type: 'put', sublevel: store.heads, key: signer.publicKey, value: encode({ seq, id: record.id }) },
    ],
    { sync: true },
  )
}

/**
 * Go on after a record of this producer's own that others have and this database lacks, being restored from an older
 * copy: the place of that record must not be given a second time.
 *
 * @param head - a shard's record; where a later one is known already, nothing changes
 */
export function adoptHead(
  { store, signer }: { store: Store; signer: Pick<Signer, 'publicKey'> },
  { seq, id }: Head,
): Promise<void> {
  return inTurn(store, async () => {
    const known = await readHead(store, signer)
    if (known === null || known.seq < seq) await store.heads.put(signer.publicKey, encode({ seq, id }))
  })
}

/** The latest of a producer's own shards: its place in the chain, and its record. */
interface Head {
  seq: number
  id: CID
}

async function readHead(store: Store, { publicKey }: Pick<Signer, 'publicKey'>): Promise<Head | null> {
  const stored = await store.heads.get(publicKey)
  return stored ? (decode(stored) as Head) : null
}

const turns = new WeakMap<Store, Promise<unknown>>()

/** Segments may end at the same time; their places in the chain are given one after the other. */
function inTurn(store: Store, work: () => Promise<void>): Promise<void> {
  const mine = (turns.get(store) ?? Promise.resolve()).then(work)
  turns.set(
    store,
    mine.catch(() => {}),
  )
  return mine
}
