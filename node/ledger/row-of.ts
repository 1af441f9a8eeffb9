import type { Entry } from '../../protocol/records/record.ts'
import { packResult } from './pack-result.ts'
import type { Peers } from './peers.ts'
import { digestOfId } from './record-id.ts'
import { CLAIM, type RowFields, SHARD, VERDICT } from './rows.ts'

/**
 * A record in short.
 *
 * @param place - what rows of every kind have
 * @param peers - a verdict's producer is among them, since a shard of it is there
 */
export function rowOf(
  entry: Extract<Entry, { kind: 'claim' | 'shard' | 'verdict' }>,
  place: Pick<RowFields, 'digest' | 'segment' | 'peer' | 'campaign'>,
  peers: Peers,
): RowFields {
  switch (entry.kind) {
    case 'claim': {
      const { seq, issued, expires } = entry.value
      return { ...place, kind: CLAIM, seq, issued, expires }
    }
    case 'shard': {
      const { seq, manifest, rows } = entry.value
      return { ...place, kind: SHARD, seq, manifest: digestOfId(manifest), rows }
    }
    case 'verdict': {
      const { manifest, frames, epoch, producer } = entry.value
      const audited = { manifest: digestOfId(manifest), rows: frames.kept, producer: peers.find(producer) }
      return { ...place, ...audited, kind: VERDICT, epoch, result: packResult(entry.value) }
    }
  }
}
