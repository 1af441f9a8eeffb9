import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { ReleaseEntry } from '../../protocol/records/release.ts'
import { saveShown } from '../denied/denied.ts'
import { fetchFiles, fetchOne, type SourcePool } from '../fetch/fetch.ts'
import { keyOfPeer, nameOfPeer } from '../identity.ts'
import {
  type BlockReader,
  campaignOf,
  demandTrusted,
  entriesOf,
  keepRelease,
  type ReadRelease,
  readRelease,
} from '../release/release.ts'
import type { FetchRequest, FetchWork } from './fetch-wanted.ts'

/** A release that was fetched. */
export interface FetchedRelease {
  campaign: string
  number: number
  signer: string
  shards: number
  pairs: number
  /** of its files */
  bytes: number
}

type Work = Pick<FetchWork, 'home' | 'clock' | 'withPool' | 'onBytes' | 'room' | 'removals' | 'hiding'> & {
  network: Pick<FetchWork['network'], 'provide'>
}

/** Files that are asked for together, so that small ones don't wait for each other. */
const TOGETHER = 64

/**
 * Get the pairs of a release, and of its shards the manifests and records, as far as somebody has them.
 *
 * @throws ShoalError `release_signer`, `removals_stale`, `release_large`; as `readRelease`, `entriesOf`, `fetchFiles`
 */
export async function fetchRelease(
  work: Work,
  cid: CID,
  { out = null, signers = [] }: FetchRequest,
): Promise<{ release: FetchedRelease; paths: string[] }> {
  const { home, clock } = work
  const { blocks } = home
  const head = await work.withPool(cid, null, async (pool) => {
    const reader = readThrough(work, pool)
    const read = await readRelease(reader, cid)
    const campaign: Campaign | null = await campaignOf(reader, read.content).catch((error: ShoalError) => {
      if (error.code !== 'block_missing') throw error
      return null
    })
    demandTrusted(read, { campaign, signers: signers.map(keyOfPeer), now: clock() })
    let bytes = 0
    for await (const entry of entriesOf(reader, read.content)) bytes += entry.bytes
    return { ...read, bytes }
  })
  const { content, signed, bytes } = head
  if (bytes > (await work.room()))
    throw new ShoalError('release_large', `release ${cid} has ${bytes} bytes, for which the disk has no room`)
  await work.withPool(cid, content.campaign, (pool) => fetchEntries(work, pool, head))
  const envelope = Buffer.concat(await Array.fromAsync(blocks.get(cid)))
  await keepRelease(home, { id: cid, envelope }, { bytes, now: clock() })
  work.network.provide(cid)
  const paths: string[] = []
  if (out !== null) {
    await work.removals.demandFresh(content.campaign, true)
    let number = 0
    const hidden = await work.hiding.hiddenIn(content.campaign)
    for await (const { manifest, pairs, bytes, rows } of entriesOf(blocks, content)) {
      const file = { name: 'pairs.parquet', cid: pairs, bytes, rows } as const
      const path = await saveShown(blocks, file, hidden, join(out, `${number++}-${manifest}.parquet`))
      if (path !== null) paths.push(path)
    }
  }
  return {
    release: {
      ...{ campaign: content.campaign.toString(), number: content.number, signer: nameOfPeer(signed.peer) },
      ...{ shards: content.counts.shards, pairs: content.counts.pairs, bytes },
    },
    paths,
  }
}

async function fetchEntries(
  work: Work,
  pool: SourcePool,
  { content, bytes: total }: ReadRelease & { bytes: number },
): Promise<void> {
  const parts = { blocks: work.home.blocks, pool }
  let before = 0
  async function fetchSome(entries: readonly ReleaseEntry[]): Promise<void> {
    const files = entries.map(({ manifest, pairs, bytes }) => ({
      name: `pairs of ${manifest}`,
      cid: pairs,
      bytes,
    }))
    await fetchFiles(parts, files, ({ done }) => work.onBytes({ done: before + done, total }))
    before += files.reduce((sum, { bytes }) => sum + bytes, 0)
    // without them its rows can't be traced back, but are as good
    const origins = entries.flatMap(({ manifest, record, attestation }) =>
      attestation === null ? [manifest, record] : [manifest, record, attestation],
    )
    const got = await Promise.allSettled(origins.map((origin) => fetchOne(parts, origin)))
    for (const one of got)
      if (one.status === 'rejected' && one.reason?.code !== 'block_missing') throw one.reason
  }
  let some: ReleaseEntry[] = []
  for await (const entry of entriesOf(readThrough(work, pool), content)) {
    if (some.push(entry) < TOGETHER) continue
    await fetchSome(some)
    some = []
  }
  await fetchSome(some)
}

function readThrough({ home: { blocks } }: Pick<Work, 'home'>, pool: SourcePool): BlockReader {
  return {
    async *get(cid) {
      yield await fetchOne({ blocks, pool }, cid)
    },
  }
}
