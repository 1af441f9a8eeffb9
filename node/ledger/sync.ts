import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import {
  addDigest,
  BUCKETS,
  bucketOf,
  decodeFingerprints,
  encodeFingerprints,
  type Fingerprints,
  makeFingerprints,
  sameBucket,
} from './fingerprints.ts'
import type { How } from './intake.ts'
import { digestOfRecord, idOfDigest, nameOfDigest } from './record-id.ts'
import type { RecordSet, Shelf } from './record-set.ts'
import {
  type Answer,
  type Asking,
  decodeBuckets,
  encodeBuckets,
  joinIds,
  MAX_IDS,
  MAX_PULL,
  type Request,
  readAnswer,
  readRequest,
  splitIds,
} from './sync-messages.ts'
import { type Channel, runSession, type Session, type SyncOptions, type SyncResult } from './sync-session.ts'

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

/** Bytes of records in one message: it stays below a MiB with its frame, whatever the last record's length. */
const RECORDS_BYTES = 768 * 1024
/** Records of one message that are checked at once: enough for all of libuv's threads. */
const AT_ONCE = 32
/**
 * What may change on the other side while a sync runs: in the largest network some tens of claims come and go in that
 * time. Beyond it, digests that do not fit the ids are a lie.
 */
const MAX_FLUX = 64

/** The side that begins: it drives, the other one answers. */
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
  flux: ReturnType<typeof makeFlux>,
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
async function pull(
  side: Side,
  session: Session,
  ids: Uint8Array[],
  flux: ReturnType<typeof makeFlux>,
): Promise<number> {
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

/** The side that answers, until the other ends it. */
export function answerSync(side: Side, channel: Channel, options: SyncOptions): Promise<SyncResult> {
  return runSession(channel, options, async (session) => {
    const first = readRequest(await session.read())
    if (first.ask !== 'digests') throw new ShoalError('sync_message', 'a sync begins with digests')
    const campaign = side.campaignOf(first.campaign)
    await side.sweep()
    await session.write({ digests: campaign && encodeFingerprints(campaign.fingerprints) })
    const result = { received: 0, sent: 0, complete: true }
    if (campaign === null) return { ...result, complete: false }
    const theirs = decodeFingerprints(first.digests)
    const checked = new Set<number>()
    const wanted = new Set<string>()
    const flux = makeFlux()
    while (true) {
      session.countRequest()
      const request = readRequest(await session.read())
      if (request.ask === 'end') return result
      await session.write(await answer(request))
    }

    async function answer(request: Exclude<Request, { ask: 'end' }>): Promise<object> {
      switch (request.ask) {
        case 'digests':
          throw new ShoalError('sync_message', 'digests come but once')
        case 'compare':
          return compare(decodeBuckets(request.buckets), splitIds(request.ids))
        case 'pull': {
          const found = await gather(side, splitIds(request.ids))
          result.sent += found.records.length
          return found
        }
        case 'push':
          for (const record of request.records)
            if (!wanted.delete(nameOfDigest(digestOfRecord(record))))
              throw new ShoalError('sync_unasked', 'the peer sends records that were not asked for')
          result.received += await addAll(side, session, request.records)
          return {}
      }
    }

    function compare(buckets: number[], ids: Uint8Array[]): Answer<'compare'> {
      const named = new Set(buckets)
      if (ids.some((id) => !named.has(bucketOf(id))))
        throw new ShoalError('sync_lie', 'the peer has ids outside of the buckets that it names')
      // a second time they have changed: it has got records since
      flux.check(
        buckets.filter((bucket) => !checked.has(bucket)),
        ids,
        theirs,
      )
      for (const bucket of buckets) checked.add(bucket)
      const common = new Set<number>()
      const lacks: Uint8Array[] = []
      for (const id of ids) {
        const row = side.set.findId(id)
        if (row >= 0) common.add(row)
        else lacks.push(id)
      }
      wanted.clear()
      for (const id of lacks) wanted.add(nameOfDigest(id))
      const offers: Uint8Array[] = []
      for (const bucket of buckets)
        for (const row of side.set.ofBucket(campaign as Shelf, bucket)) {
          if (common.has(row)) continue
          if (offers.length === MAX_IDS) return { offers: joinIds(offers), lacks: joinIds(lacks), more: true }
          offers.push(side.set.rows.digest(row))
        }
      return { offers: joinIds(offers), lacks: joinIds(lacks), more: false }
    }
  })
}

/** Take records in. @throws ShoalError `sync_garbage` at the first that no honest node would pass on */
async function addAll(side: Side, { signal }: Session, records: Uint8Array[]): Promise<number> {
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

/** As many of these records as one message holds. */
async function gather(side: Side, ids: Uint8Array[]): Promise<{ records: Uint8Array[]; handled: number }> {
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

/** All ids in some buckets. */
function idsOf(set: RecordSet, shelf: Shelf, buckets: number[]): Uint8Array[] {
  // copies: rows may change before they are sent
  return buckets.flatMap((bucket) =>
    Array.from(set.ofBucket(shelf, bucket), (row) => new Uint8Array(set.rows.digest(row))),
  )
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

/** Counts what does not fit together, which happens now and then in a network that goes on working. */
function makeFlux() {
  let wrong = 0
  let drips = 0

  function note(count: number, what: string): void {
    wrong += count
    if (wrong > MAX_FLUX) throw new ShoalError('sync_lie', what)
  }

  return {
    note,

    /** Count the buckets whose ids do not add up to their fingerprints. */
    check(buckets: number[], ids: Uint8Array[], claimed: Fingerprints): void {
      const sums = makeFingerprints()
      for (const id of ids) addDigest(sums, id, 1)
      const odd = buckets.filter((bucket) => !sameBucket(sums, claimed, bucket)).length
      note(odd, 'its ids do not add up to the digests of the peer')
    },

    drip(): void {
      if (++drips > MAX_FLUX) throw new ShoalError('sync_endless', 'the peer sends records drop by drop')
    },
  }
}
