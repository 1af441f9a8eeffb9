import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import type { Campaign } from '../protocol/records/campaign.ts'
import type { NodeOptions, SegmentSource } from './components.ts'
import type { SegmentJob } from './work/work.ts'

/** Bytes of an id that begins the keys of a run, or of a scope of duplicates. */
const KEY_PREFIX_BYTES = 16

/**
 * What there is to do for one segment. Its run is named by campaign and place, so that it is found again.
 *
 * `duplicatesWithin`: what one person crawls alone need have no pair twice. Where many share a campaign out, a shard
 * must be the segment's alone, and not depend on what its producer did before.
 */
export function makeJob(
  { source, bytes, fingerprint }: { source: SegmentSource; bytes: number | null; fingerprint: string },
  campaign: CID,
  { rules, consent }: Pick<Campaign['pipeline'], 'rules' | 'consent'>,
  {
    clock,
    offline,
    duplicatesWithin,
  }: Pick<NodeOptions, 'clock' | 'offline'> & { duplicatesWithin: 'campaign' | 'segment' },
): SegmentJob {
  const { index, count } = source.part
  const part = count === 1 ? '' : `\0${index}/${count}`
  const place = `${campaign}\0${source.name}${part}`
  return {
    ...{ source, sourceBytes: bytes, fingerprint, rules, honoured: consent, clock, offline },
    run: shortHash(`run\0${place}`),
    scope: shortHash(`scope\0${duplicatesWithin === 'campaign' ? campaign : place}`),
  }
}

function shortHash(text: string): Uint8Array {
  return createHash('sha256').update(text).digest().subarray(0, KEY_PREFIX_BYTES)
}
