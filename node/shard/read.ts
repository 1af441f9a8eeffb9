import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { type Campaign, decodeCampaign, pipelineId } from '../../protocol/records/campaign.ts'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import { decodeShard, type Shard } from '../../protocol/records/shard.ts'
import { verifySignature } from '../identity.ts'
import type { Blocks, Store } from '../store/store.ts'
import { openTable, readExactly, type ShardTable } from './table.ts'

/** A shard of which everything agreed. */
export interface CheckedShard {
  cid: CID
  manifest: Manifest
  /** what its producer signed, and the record's id */
  record: Shard
  recordId: CID
  /** null where this node does not have the campaign's record */
  campaign: Campaign | null
  pairs: ShardTable
  outcomes: ShardTable
}

/**
 * Read a shard and check all that can be checked without fetching anything anew: every block against its
 * CID, the producer's signature, the shard record against the manifest, the campaign's pipeline, and the
 * rows and columns of the Parquet files. It reads each file once, in constant memory.
 *
 * @param cid - of the manifest
 * @throws ShoalError `shard_unknown` where the store has no such shard; `block_missing`, `block_corrupt`;
 *   `shard_mismatch` where record, manifest and campaign contradict each other; `shard_bytes`, `shard_rows`,
 *   `shard_parquet` where a file is not what the manifest says; `envelope_*`, `shard_*`, `manifest_*`
 */
export async function readShard(
  { store, blocks }: { store: Store; blocks: Blocks },
  cid: CID,
): Promise<CheckedShard> {
  const { record, recordId } = await readRecord(store, cid)
  const manifest = decodeManifest(await readBlock(blocks, cid))
  const campaign = await readCampaign(store, manifest.campaign)

  demand(record.manifest.equals(cid), cid, 'its record is of another manifest')
  demand(record.campaign.equals(manifest.campaign), cid, 'record and manifest name different campaigns')
  demand(record.segment === manifest.segment, cid, 'record and manifest name different segments')
  demand(record.rows === manifest.counts.pairs, cid, 'record and manifest count different numbers of pairs')
  demand(
    campaign === null || pipelineId(campaign.pipeline).equals(manifest.pipeline),
    cid,
    "its pipeline is not the campaign's",
  )
  // each block is checked as it is read
  for (const file of manifest.files) for await (const _ of readExactly(blocks, file));
  const tables = { pairs: 'pairs.parquet', outcomes: 'outcomes.parquet' } as const
  const [pairs, outcomes] = await Promise.all(
    Object.values(tables).map((name) =>
      openTable(blocks, manifest.files.find((file) => file.name === name) as Manifest['files'][number]),
    ),
  )
  return {
    cid,
    manifest,
    record,
    recordId,
    campaign,
    pairs: pairs as ShardTable,
    outcomes: outcomes as ShardTable,
  }
}

/** What a producer signed for a shard, and the record's id. @throws ShoalError `shard_unknown`, `envelope_*`, `shard_*` */
export async function readRecord(store: Store, cid: CID): Promise<{ record: Shard; recordId: CID }> {
  const envelope = await store.shards.get(cid.bytes)
  if (!envelope)
    throw new ShoalError('shard_unknown', `no shard ${cid} here: \`shoal shard list\` names those that are`)
  const opened = await open(envelope, verifySignature)
  return { record: decodeShard(opened), recordId: opened.id }
}

/** @throws ShoalError `block_missing`, `block_corrupt` */
export async function readBlock(blocks: Blocks, cid: CID): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of blocks.get(cid)) parts.push(part)
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
}

/** A campaign's record, verified, or null where this node does not have it. */
export async function readCampaign(store: Store, id: CID): Promise<Campaign | null> {
  const envelope = await store.campaigns.get(id.bytes)
  if (!envelope) return null
  const opened = await open(envelope, verifySignature)
  demand(opened.id.equals(id), id, 'another campaign lies in its place')
  return decodeCampaign(opened)
}

function demand(holds: boolean, cid: CID, reason: string): void {
  if (!holds) throw new ShoalError('shard_mismatch', `${cid}: ${reason}; do not use it`)
}
