import type { Entry } from '../../protocol/records/record.ts'
import { packResult } from './pack-result.ts'
import { packWhat } from './pack-what.ts'
import type { Peers } from './peers.ts'
import { digestOfId } from './record-id.ts'
import { CLAIM, HEAD, REMOVAL, type RowFields, SHARD, VERDICT } from './rows.ts'

/**
 * A record in short.
 *
 * @param place - what rows of every kind have
 * @param peers - a verdict's producer is among them, since a shard of it is there
 */
export function rowOf(
  entry: Extract<Entry, { kind: 'claim' | 'head' | 'removal' | 'shard' | 'verdict' }>,
  place: Pick<RowFields, 'digest' | 'peer' | 'campaign'>,
  peers: Peers,
): RowFields {
  switch (entry.kind) {
    case 'claim': {
      const { segment, seq, issued, expires } = entry.value
      return { ...place, kind: CLAIM, segment, seq, issued, expires }
    }
    case 'shard': {
      const { segment, seq, manifest, rows } = entry.value
      return { ...place, kind: SHARD, segment, seq, manifest: digestOfId(manifest), rows }
    }
    case 'head': {
      const { seq, thisUpdate, nextUpdate } = entry.value
      return { ...place, kind: HEAD, seq, issued: thisUpdate, expires: nextUpdate }
    }
    case 'removal': {
      const { seq, subject, negates, expires } = entry.value
      const manifest = negates === null ? subject.hash : digestOfId(negates)
      return {
        ...{ ...place, kind: REMOVAL, seq, manifest, what: packWhat(entry.value) },
        until: expires ?? Number.POSITIVE_INFINITY,
      }
    }
    case 'verdict': {
      const { segment, manifest, frames, epoch, producer } = entry.value
      const audited = { manifest: digestOfId(manifest), rows: frames.kept, producer: peers.find(producer) }
      return { ...place, ...audited, kind: VERDICT, segment, epoch, result: packResult(entry.value) }
    }
  }
}
