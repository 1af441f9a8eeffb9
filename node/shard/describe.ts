import { CID } from 'multiformats/cid'
import { OUTCOMES, type Outcome } from '../../protocol/outcomes.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import type { Shard } from '../../protocol/records/shard.ts'
import { locateSegment } from '../../protocol/rules/segment.ts'
import type { PairSample, ShardDetails, ShardSummary } from '../components.ts'
import { nameOfPeer } from '../identity.ts'
import type { Blocks, Store } from '../store/store.ts'
import type { Row } from './decode-table.ts'
import { type CheckedShard, readBlock, readCampaign, readRecord } from './read.ts'
import type { ShardTable } from './table.ts'

/** Pairs that stand for a shard when it is shown. */
const SAMPLES = 10
/** Bytes of a campaign's list that are read to find one name in it. */
const MAX_LIST_BYTES = 16 * 1024 * 1024

/** The multicodec of a block that is a file's bytes. */
const RAW = 0x55

type Parts = { store: Store; blocks: Blocks }

/** Tells which rows nobody is shown, by some columns of `pairs.parquet`. */
export interface RowHider {
  columns: readonly string[]
  isHidden(row: Row): boolean
}

/** A checked shard, for people. */
export async function describeShard(
  parts: Parts,
  shard: CheckedShard,
  hider: RowHider | null = null,
): Promise<ShardDetails> {
  const { manifest, campaign } = shard
  return {
    ...(await summarise(parts, shard.cid, manifest, shard.record)),
    model: campaign?.pipeline.model.repo ?? 'unknown: this node does not have the campaign',
    deviceClass: manifest.deviceClass,
    software: manifest.software,
    counts: manifest.counts,
    outcomes: outcomesOf(manifest),
    files: Object.fromEntries(
      manifest.files.map(({ name, cid, bytes, rows }) => [
        name,
        { cid: cid.toString(), bytes, rows, path: null },
      ]),
    ),
    samples: await pickSamples(shard.pairs, hider),
    // a shard of which anything is wrong can't be had from `readShard`
    verified: true,
  }
}

/** Every shard in the store, by what its record and manifest say: files are not read. */
export async function listShards(parts: Parts): Promise<ShardSummary[]> {
  const summaries: ShardSummary[] = []
  for await (const key of parts.store.shards.keys()) {
    const cid = CID.decode(key)
    const { record } = await readRecord(parts.store, cid)
    summaries.push(await summarise(parts, cid, decodeManifest(await readBlock(parts.blocks, cid)), record))
  }
  return summaries
}

async function summarise(parts: Parts, cid: CID, manifest: Manifest, record: Shard): Promise<ShardSummary> {
  const campaign = await readCampaign(parts.store, manifest.campaign)
  return {
    manifest: cid.toString(),
    campaign: manifest.campaign.toString(),
    segment: manifest.segment,
    name:
      (campaign && (await nameSegment(parts.blocks, campaign, manifest.segment))) ??
      `segment ${manifest.segment}`,
    peer: nameOfPeer(record.peer),
    pairs: manifest.counts.pairs,
    candidates: manifest.counts.candidates,
    bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

/** @returns the segment's line in its source's list, or null where that list is not here as one block */
async function nameSegment(blocks: Blocks, campaign: Campaign, segment: number): Promise<string | null> {
  const { source, entry } = locateSegment(campaign, segment)
  const list = campaign.sources[source]?.list
  // of a longer list this block names the others
  if (list === undefined || list.code !== RAW || !(await blocks.has(list))) return null
  const bytes = await readBlock(blocks, list)
  if (bytes.length > MAX_LIST_BYTES) return null
  return new TextDecoder().decode(bytes).split('\n')[entry] ?? null
}

function outcomesOf({ counts }: Manifest): Partial<Record<Outcome, number>> {
  const names = Object.keys(OUTCOMES) as Outcome[]
  return Object.fromEntries(names.filter((name) => counts[name]).map((name) => [name, counts[name]]))
}

async function pickSamples(pairs: ShardTable, hider: RowHider | null): Promise<PairSample[]> {
  let best: PairSample[] = []
  const columns = new Set(['url', 'text', 'similarity', ...(hider?.columns ?? [])])
  for await (const rows of pairs.groups([...columns])) {
    const shown = rows.filter((row) => !hider?.isHidden(row))
    const samples = shown.map(({ url, text, similarity }) => ({ url, text, similarity }) as PairSample)
    best = [...best, ...samples].sort((a, b) => b.similarity - a.similarity).slice(0, SAMPLES)
  }
  return best
}
