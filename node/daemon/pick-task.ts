import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { makeRoster, pickSegment } from '../../protocol/rules/assign.ts'
import { segmentCount } from '../../protocol/rules/segment.ts'
import { QUIET_MS } from '../../protocol/timing.ts'
import type { LeaseParts } from './lease.ts'

/** Peers that were heard lately: those of a large campaign. */
const MAX_HEARD = 20_000

/** A segment that this node may do. */
export interface Task {
  id: CID
  campaign: Campaign
  segment: number
}

/** Says which segment is next. */
export function makePicker({ ledger, signer, clock }: Omit<LeaseParts, 'network'>) {
  const heard = new LRUCache<string, true>({ max: MAX_HEARD, ttl: QUIET_MS, perf: { now: clock } })
  const forget = ledger.subscribe(({ how, work }) => {
    if (work !== null && how !== 'own') heard.set(nameOf(work.peer), true)
  })

  /** Segments of this node's own first: a process that died left them. */
  function pickOf(
    id: CID,
    campaign: Campaign,
    isLeft: (id: CID, segment: number) => boolean,
    random: () => number,
  ): number | null {
    const own = ledger
      .holdings(id, { state: 'held' })
      .find(
        ({ segment, holding }) =>
          holding.state === 'held' && equalBytes(holding.peer, signer.publicKey) && !isLeft(id, segment),
      )
    if (own) return own.segment
    return pickSegment({
      segmentCount: segmentCount(campaign),
      isFree: (segment) =>
        ledger.holding(id, segment).state === 'free' &&
        !isLeft(id, segment) &&
        !ledger.isOut(id, segment, signer.publicKey),
      peers: makeRoster([...ledger.activePeers(id), signer.publicKey]),
      isHeard: (peer) => equalBytes(peer, signer.publicKey) || heard.has(nameOf(peer)),
      self: signer.publicKey,
      random,
    })
  }

  return {
    /** @param isLeft - whether a segment is not to be taken now, for reasons of this node's own */
    pick(
      campaigns: readonly { id: CID; campaign: Campaign }[],
      isLeft: (id: CID, segment: number) => boolean,
      random: () => number = Math.random,
    ): Task | null {
      for (const { id, campaign } of shuffle(campaigns, random)) {
        const segment = pickOf(id, campaign, isLeft, random)
        if (segment !== null) return { id, campaign, segment }
      }
      return null
    },
    close: forget,
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('base64')
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
