import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import { MAX_PULL, RECORDS_BYTES } from '../../protocol/sync/limits.ts'
import type { How } from './intake.ts'
import { unpackWhat } from './pack-what.ts'
import { idOfDigest } from './record-id.ts'
import type { RecordSet, Shelf } from './record-set.ts'
import { REMOVAL, VERDICT } from './rows.ts'
import type { Session } from './sync-session.ts'

/** What a sync needs of the ledger. */
export interface Side {
  add(bytes: Uint8Array, how: How): Promise<{ verdict: string; code: string }>
  sweep(): Promise<void>
  find(id: CID): Promise<Uint8Array | null>
  campaignOf(id: CID): (Shelf & { id: CID }) | null
  set: RecordSet
  /** whether a record was refused a short while ago, so that it need not be asked for again */
  wasRefused(digest: Uint8Array): boolean
}

/** Records of one message that are checked at once: enough for all of libuv's threads. */
const AT_ONCE = 32
/** Take records in. @throws ShoalError `sync_garbage` at the first that no honest node would pass on */
export async function addAll(side: Side, { signal }: Session, records: Uint8Array[]): Promise<number> {
  let next = 0
  let accepted = 0
  async function work(): Promise<void> {
    for (let record = records[next++]; record !== undefined; record = records[next++]) {
      signal.throwIfAborted()
      const { verdict, code } = await side.add(record, 'sync')
      if (verdict === 'accept') accepted++
      if (verdict === 'reject') {
        next = records.length
        throw new ShoalError('sync_garbage', `the peer passes on a record that is refused with ${code}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return accepted
}

/** The rows of some buckets, those that are on others last: whoever lacks one may lack the other, and needs that first. */
export function* inOrder(set: RecordSet, shelf: Shelf, buckets: readonly number[]): Generator<number> {
  for (const last of [false, true])
    for (const bucket of buckets)
      for (const row of set.ofBucket(shelf, bucket)) if (isOnOther(set, row) === last) yield row
}

function isOnOther({ rows }: RecordSet, row: number): boolean {
  const kind = rows.word(row, 'kind')
  return kind === VERDICT || (kind === REMOVAL && unpackWhat(rows.word(row, 'what')).takesBack)
}

/** As many of these records as one message holds. */
export async function gather(
  side: Side,
  ids: Uint8Array[],
): Promise<{ records: Uint8Array[]; handled: number }> {
  const records: Uint8Array[] = []
  let bytes = 0
  let handled = 0
  const batch = ids.slice(0, MAX_PULL)
  const found = await Promise.all(batch.map((id) => side.find(idOfDigest(id))))
  for (const record of found) {
    if (record !== null) {
      if (bytes + record.length > RECORDS_BYTES && records.length > 0) break
      if (record.length < MAX_RECORD_BYTES - RECORDS_BYTES) {
        records.push(record)
        bytes += record.length
      }
    }
    handled++
  }
  return { records, handled }
}
