import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import type { ReleaseEntry } from '../../protocol/records/release.ts'
import { decodeShard, type Shard } from '../../protocol/records/shard.ts'
import { verifySignature } from '../identity.ts'
import {
  campaignOf,
  demandTrusted,
  entriesOf,
  isReleaseRecord,
  type ReadRelease,
  readRelease,
} from '../release/release.ts'
import { openTable, readBlock, readShard, type ShardTable } from '../shard/shard.ts'
import type { Blocks, Store } from '../store/store.ts'

export interface SourceParts {
  store: Store
  blocks: Blocks
}

/** What is exported: releases that may be used, and shards besides. */
export interface Chosen {
  releases: { read: ReadRelease; campaign: Campaign }[]
  /** in the order they were named; `read` where it is a release */
  named: { cid: CID; campaign: CID; read: ReadRelease | null }[]
  /** rows, as releases and manifests count them */
  rows: number
}

/** One shard's pairs that are to be written. */
export interface Source {
  manifest: CID
  /** what its producer signed of it, and the record's id */
  record: Shard
  recordId: CID
  facts: Manifest
  /** null where it is not to be had */
  campaign: Campaign | null
  /** `pairs.parquet`, or what a release leaves of it */
  file: Manifest['files'][number]
  /** @throws ShoalError as `openTable` */
  open(): Promise<ShardTable>
  /** whether it is taken from a release, and not as its producer signed it */
  isReleased: boolean
  /** rows that the release took out, or that are hidden here */
  duplicates: number
  removed: number
  unfit: number
}

/**
 * Tell releases from shards, and refuse releases that may not be used. Nothing of the pairs is read yet.
 *
 * @param trust - keys of peers whose releases are trusted besides, and milliseconds since 1970
 * @throws ShoalError `shard_unknown`, `release_signer`, `removals_stale`, as `readRelease`
 */
export async function chooseSources(
  { store, blocks }: SourceParts,
  cids: readonly CID[],
  trust: { signers: readonly Uint8Array[]; now: number },
): Promise<Chosen> {
  const chosen: Chosen = { releases: [], named: [], rows: 0 }
  for (const cid of new Map(cids.map((one) => [one.toString(), one])).values()) {
    const isShard = await store.shards.has(cid.bytes)
    if (!isShard && !(await blocks.has(cid)))
      throw new ShoalError(
        'shard_unknown',
        `no shard or release ${cid} here: \`shoal shard list\` names the shards that are, \`shoal fetch\` gets others`,
      )
    const block = await readBlock(blocks, cid)
    if (!isReleaseRecord(block)) {
      const { campaign, counts } = decodeManifest(block)
      chosen.named.push({ cid, campaign, read: null })
      chosen.rows += counts.pairs
      continue
    }
    const read = await readRelease(blocks, cid)
    const campaign = await campaignOf(blocks, read.content)
    demandTrusted(read, { campaign, ...trust })
    chosen.releases.push({ read, campaign })
    chosen.named.push({ cid, campaign: read.content.campaign, read })
    chosen.rows += read.content.counts.pairs
  }
  return chosen
}

/** The campaigns of what is exported, and whether a release's word on removals stands for all that is of one. */
export function campaignsOf({ named }: Chosen): { campaign: CID; isVouched: boolean }[] {
  const found = new Map<string, { campaign: CID; isVouched: boolean }>()
  for (const { campaign, read } of named) {
    const before = found.get(campaign.toString())?.isVouched ?? true
    found.set(campaign.toString(), { campaign, isVouched: before && read !== null })
  }
  return [...found.values()]
}

/**
 * The shards, each once: first those of the releases, since what these took out must not come back by a shard's own
 * name. One that was named itself is checked whole before it is given, as by `readShard`; of a release's the producer's
 * signature, and the blocks as they are read.
 *
 * @throws ShoalError `release_mismatch`, as `readShard` and `entriesOf`
 */
export async function* openSources(parts: SourceParts, chosen: Chosen): AsyncGenerator<Source> {
  const seen = new Set<string>()
  const isNew = (manifest: CID) => seen.size < seen.add(manifest.toString()).size
  const isRelease = ({ read }: Chosen['named'][number]) => read !== null
  const inOrder = [...chosen.named.filter(isRelease), ...chosen.named.filter((one) => !isRelease(one))]
  for (const { cid, read } of inOrder) {
    if (read === null) {
      if (!isNew(cid)) continue
      const { manifest: facts, record, recordId, campaign, pairs } = await readShard(parts, cid)
      const file = facts.files.find(({ name }) => name === 'pairs.parquet')!
      yield {
        ...{ manifest: cid, record, recordId, facts, campaign, file, open: async () => pairs },
        ...{ isReleased: false, duplicates: 0, removed: 0, unfit: 0 },
      }
      continue
    }
    const { campaign } = chosen.releases.find((one) => one.read === read)!
    for await (const entry of entriesOf(parts.blocks, read.content))
      if (isNew(entry.manifest)) yield { ...(await openEntry(parts.blocks, read, entry)), campaign }
  }
}

async function openEntry(
  blocks: Blocks,
  { id, content }: ReadRelease,
  entry: ReleaseEntry,
): Promise<Omit<Source, 'campaign'>> {
  const { manifest, segment, rows, bytes, duplicates, removed, unfit } = entry
  const facts = decodeManifest(await readBlock(blocks, manifest))
  const opened = await open(await readBlock(blocks, entry.record), verifySignature)
  const record = decodeShard(opened)
  const whole = facts.files.find(({ name }) => name === 'pairs.parquet')!
  const demand = (holds: boolean, reason: string) => {
    if (!holds)
      throw new ShoalError('release_mismatch', `release ${id}: shard ${manifest} ${reason}; do not use it`)
  }
  demand(opened.id.equals(entry.record) && record.manifest.equals(manifest), 'is not what its record says')
  demand(facts.campaign.equals(content.campaign), 'is of another campaign')
  demand(facts.segment === segment && record.segment === segment, 'is of another segment')
  demand(rows + duplicates + removed + unfit === whole.rows, 'has other rows than its manifest counts')
  demand(rows < whole.rows || entry.pairs.equals(whole.cid), 'lost no row, and yet is another file')
  const file = { name: whole.name, cid: entry.pairs, bytes, rows }
  return {
    ...{ manifest, record, recordId: entry.record, facts, file, duplicates, removed, unfit },
    isReleased: true,
    open: () => openTable(blocks, file),
  }
}
