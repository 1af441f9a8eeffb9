import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import {
  BUCKETS,
  bucketOf,
  decodeFingerprints,
  encodeFingerprints,
  type Fingerprints,
  sameBucket,
} from '../../protocol/sync/fingerprints.ts'
import { MAX_IDS, MAX_PULL, RECORDS_BYTES } from '../../protocol/sync/limits.ts'
import {
  type Answer,
  type Asking,
  encodeBuckets,
  joinIds,
  readAnswer,
  splitIds,
} from '../../protocol/sync/messages.ts'
import { type Flux, makeFlux } from './flux.ts'
import { digestOfRecord, nameOfDigest } from './record-id.ts'
import type { RecordSet, Shelf } from './record-set.ts'
import { addAll, gather, inOrder, type Side } from './sync-records.ts'
import { type Channel, runSession, type Session, type SyncOptions, type SyncResult } from './sync-session.ts'

/**
 * Even out a campaign with a peer that runs `answerSync`. This side asks, the other answers, each message one value of
 * DAG-CBOR (see protocol/sync/messages.ts):
 *
 * 1. `digests`: both exchange the fingerprints of their 1,024 buckets. Buckets whose fingerprints differ are gone
 *    through, as many at once as their ids fit into a message:
 * 2. `compare`: this side names all its ids in them and learns which the other side lacks and which it offers.
 * 3. `pull`: this side asks for what it lacks, and `push`: gives what the other lacks.
 * 4. `end`.
 *
 * Neither side has to believe the other: ids must add up to fingerprints, records to ids, signatures to records.
 */
export function startSync(
  side: Side,
  campaign: Shelf & { id: CID },
  channel: Channel,
  options: SyncOptions,
): Promise<SyncResult> {
  return runSession(channel, options, async (session) => {
    await side.sweep()
    const own = encodeFingerprints(campaign.fingerprints)
    const { digests } = await ask(session, { ask: 'digests', campaign: campaign.id, digests: own })
    if (digests === null)
      throw new ShoalError('sync_campaign', `the peer has not joined campaign ${campaign.id}: ask another`)
    const theirs = decodeFingerprints(digests)
    const mine = decodeFingerprints(own)
    const differing = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(
      (bucket) => !sameBucket(mine, theirs, bucket),
    )
    const flux = makeFlux()
    const result = { received: 0, sent: 0, complete: true }
    for (const buckets of groupBuckets(side.set, campaign, differing)) {
      if (!(await evenOut(side, campaign, session, buckets, theirs, flux, result))) result.complete = false
      if (session.spent()) return { ...result, complete: false }
    }
    await session.write({ ask: 'end' })
    return result
  })
}

/** @returns whether all of these buckets were dealt with */
async function evenOut(
  side: Side,
  campaign: Shelf,
  session: Session,
  buckets: number[],
  theirs: Fingerprints,
  flux: Flux,
  result: SyncResult,
): Promise<boolean> {
  for (let first = true; !session.spent(); first = false) {
    const mine = idsOf(side.set, campaign, buckets)
    if (mine.length > MAX_IDS) return false
    const { offers, lacks, more } = await ask(session, {
      ask: 'compare',
      buckets: encodeBuckets(buckets),
      ids: joinIds(mine),
    })
    const offered = splitIds(offers)
    const lacking = splitIds(lacks)
    const known = new Set(mine.map(nameOfDigest))
    checkOffers(offered, lacking, known, new Set(buckets), more)
    if (first && !more) {
      const lacked = new Set(lacking.map(nameOfDigest))
      const kept = mine.filter((id) => !lacked.has(nameOfDigest(id)))
      flux.check(buckets, [...kept, ...offered], theirs)
    }
    const wanted = offered.filter((id) => !side.wasRefused(id))
    const received = await pull(side, session, wanted, flux)
    result.received += received
    result.sent += await push(side, session, lacking)
    if (!more) return true
    // what is offered again and refused again would go on for ever
    if (received === 0) return false
  }
  return false
}

/** @throws ShoalError `sync_lie` for ids that contradict the question */
function checkOffers(
  offered: Uint8Array[],
  lacking: Uint8Array[],
  known: Set<string>,
  buckets: Set<number>,
  more: boolean,
): void {
  const strange = offered.some((id) => known.has(nameOfDigest(id)) || !buckets.has(bucketOf(id)))
  const twice = new Set(offered.map(nameOfDigest)).size < offered.length
  if (
    strange ||
    twice ||
    !lacking.every((id) => known.has(nameOfDigest(id))) ||
    (more && offered.length === 0)
  )
    throw new ShoalError('sync_lie', 'the peer names records that it was not asked about')
}

/** Ask for records, the next ones while the last ones are checked. @returns how many were taken in */
async function pull(side: Side, session: Session, ids: Uint8Array[], flux: Flux): Promise<number> {
  let received = 0
  let rest = ids
  let coming = request(rest)
  while (coming !== null) {
    const { records, handled } = await coming
    const asked = rest.slice(0, Math.min(MAX_PULL, rest.length))
    if (handled > asked.length)
      throw new ShoalError('sync_lie', 'the peer says to have sent more than was asked')
    const expected = new Set(asked.slice(0, handled).map(nameOfDigest))
    for (const record of records)
      if (!expected.delete(nameOfDigest(digestOfRecord(record))))
        throw new ShoalError('sync_unasked', 'the peer sends records that it was not asked for')
    flux.note(expected.size, 'the peer does not have the records that it offers')
    const bytes = records.reduce((sum, record) => sum + record.length, 0)
    if (handled < asked.length && bytes < RECORDS_BYTES / 2) flux.drip()
    rest = rest.slice(handled)
    coming = request(rest)
    received += await addAll(side, session, records)
  }
  return received

  function request(left: Uint8Array[]): Promise<Answer<'pull'>> | null {
    if (left.length === 0 || session.spent()) return null
    const answer = ask(session, { ask: 'pull', ids: joinIds(left.slice(0, MAX_PULL)) })
    // it may fail while the last ones are still checked
    answer.catch(() => {})
    return answer
  }
}

/** @returns how many were sent */
async function push(side: Side, session: Session, ids: Uint8Array[]): Promise<number> {
  let sent = 0
  for (let rest = ids; rest.length > 0 && !session.spent(); ) {
    const { records, handled } = await gather(side, rest)
    await ask(session, { ask: 'push', records })
    sent += records.length
    rest = rest.slice(handled)
  }
  return sent
}

async function ask<A extends Asking>(session: Session, request: A): Promise<Answer<A['ask']>> {
  session.countRequest()
  await session.write(request)
  return readAnswer<A['ask']>(request.ask, await session.read())
}

/** All ids in some buckets. */
function idsOf(set: RecordSet, shelf: Shelf, buckets: number[]): Uint8Array[] {
  // copies: rows may change before they are sent
  return Array.from(inOrder(set, shelf, buckets), (row) => new Uint8Array(set.rows.digest(row)))
}

/** Buckets together whose ids fit into a message. */
function groupBuckets(set: RecordSet, shelf: Shelf, buckets: number[]): number[][] {
  const groups: number[][] = []
  let room = 0
  for (const bucket of buckets) {
    const count = [...set.ofBucket(shelf, bucket)].length
    if (groups.length === 0 || count > room) {
      groups.push([])
      room = MAX_IDS
    }
    groups.at(-1)?.push(bucket)
    room -= count
  }
  return groups
}
