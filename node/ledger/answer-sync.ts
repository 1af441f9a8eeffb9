import { ShoalError } from '../../protocol/errors.ts'
import { bucketOf, decodeFingerprints, encodeFingerprints } from '../../protocol/sync/fingerprints.ts'
import { MAX_IDS } from '../../protocol/sync/limits.ts'
import {
  type Answer,
  decodeBuckets,
  joinIds,
  type Request,
  readRequest,
  splitIds,
} from '../../protocol/sync/messages.ts'
import { makeFlux } from './flux.ts'
import { digestOfRecord, nameOfDigest } from './record-id.ts'
import type { Shelf } from './record-set.ts'
import { addAll, gather, inOrder, type Side } from './sync-records.ts'
import { type Channel, runSession, type SyncOptions, type SyncResult } from './sync-session.ts'

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
      for (const row of inOrder(side.set, campaign as Shelf, buckets)) {
        if (common.has(row)) continue
        if (offers.length === MAX_IDS) return { offers: joinIds(offers), lacks: joinIds(lacks), more: true }
        offers.push(side.set.rows.digest(row))
      }
      return { offers: joinIds(offers), lacks: joinIds(lacks), more: false }
    }
  })
}
