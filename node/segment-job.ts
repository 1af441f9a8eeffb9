import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import type { FilterRules } from '../protocol/rules/filter.ts'
import type { NodeOptions, SegmentSource } from './components.ts'
import type { SegmentJob } from './work/work.ts'

/** Bytes of an id that begins the keys of a run, or of a scope of duplicates. */
const KEY_PREFIX_BYTES = 16

/** What there is to do for one segment. Its run is named by campaign and place, so that it is found again. */
export function makeJob(
  { source, bytes, fingerprint }: { source: SegmentSource; bytes: number | null; fingerprint: string },
  campaign: CID,
  rules: FilterRules,
  { clock, offline }: Pick<NodeOptions, 'clock' | 'offline'>,
): SegmentJob {
  const { index, count } = source.part
  const part = count === 1 ? '' : `\0${index}/${count}`
  return {
    ...{ source, sourceBytes: bytes, fingerprint, rules, clock, offline },
    run: shortHash(`run\0${campaign}\0${source.name}${part}`),
    scope: shortHash(`scope\0${campaign}`),
  }
}

function shortHash(text: string): Uint8Array {
  return createHash('sha256').update(text).digest().subarray(0, KEY_PREFIX_BYTES)
}
