import { setImmediate as breathe } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { type Campaign, pipelineId } from '../../protocol/records/campaign.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import { compareEntries } from '../../protocol/records/release.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import type { Policy } from '../../protocol/rules/standing.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Blocks } from '../store/store.ts'
import { isHeld } from './held.ts'
import { readBlock } from './read.ts'
import type { PairsFile } from './select-rows.ts'

export interface ChosenShard extends PairsFile {
  segment: number
  /** id of the producer's record */
  record: CID
}

/** Shards looked at in one go. */
const IN_ONE_GO = 1_000
/** Shards that an error names. */
const NAMED = 3

/**
 * The shards of a campaign that a policy takes, in a release's order, each here whole. Where several have signed one
 * manifest it is taken once, with the lowest of their records.
 *
 * @throws ShoalError `release_empty`; `release_missing` where blocks of some are not here; `release_shard` where one is
 *   not of this campaign; as `Ledger.judge`
 */
export async function chooseShards(
  { ledger, blocks }: { ledger: Ledger; blocks: Blocks },
  id: CID,
  campaign: Campaign,
  policy: Policy,
): Promise<ChosenShard[]> {
  const judged = await ledger.judge(id, policy)
  const verified = [...judged.shards('verified')].sort(
    (a, b) => compareEntries(a, b) || compareBytes(a.id.bytes, b.id.bytes),
  )
  if (verified.length === 0)
    throw new ShoalError(
      'release_empty',
      `no shard of ${id} is verified by this policy: see \`shoal shards\` for what they lack`,
    )
  const chosen: ChosenShard[] = []
  const missing: CID[] = []
  for (const [i, { manifest, segment, id: record }] of verified.entries()) {
    if (i % IN_ONE_GO === 0) await breathe()
    if (i > 0 && verified[i - 1]!.manifest.equals(manifest)) continue
    const read = (await blocks.has(manifest)) ? decodeManifest(await readBlock(blocks, manifest)) : null
    if (
      read === null ||
      !(await isHeld(
        blocks,
        read.files.map(({ cid }) => cid),
      ))
    ) {
      missing.push(manifest)
      continue
    }
    if (
      !read.campaign.equals(id) ||
      read.segment !== segment ||
      !read.pipeline.equals(pipelineId(campaign.pipeline))
    )
      throw new ShoalError(
        'release_shard',
        `shard ${manifest} is of another campaign or segment than its record says: leave it out by a stricter policy`,
      )
    const { cid, bytes, rows } = read.files.find(({ name }) => name === 'pairs.parquet')!
    chosen.push({ segment, manifest, record, cid, bytes, rows })
  }
  if (missing.length > 0) throw notHere(missing)
  return chosen
}

function notHere(missing: readonly CID[]): ShoalError {
  const more = missing.length - NAMED
  return new ShoalError(
    'release_missing',
    `${missing.length} verified shard${missing.length === 1 ? ' is' : 's are'} not here whole: get ${missing.length === 1 ? 'it' : 'each'} with \`shoal fetch CID\`: ${missing.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more (\`shoal shards --state verified\` lists all)` : ''}`,
  )
}
