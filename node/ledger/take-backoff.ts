import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { type Backoff, heededUntil } from '../../protocol/records/backoff.ts'
import { admit, type Circumstances, type Judgement } from '../../protocol/rules/admit.ts'
import type { countRecords } from './count-records.ts'
import type { Change, How } from './intake.ts'
import { digestOfId, nameOfDigest } from './record-id.ts'

/** Back-offs that are remembered, so that none is told again: some hundred peers may send all that they may. */
const MAX_HEARD = 20_000
const KNOWN = { verdict: 'ignore', code: 'backoff_known' } as const

/** The way of back-offs, of which nothing is kept but that they were heard. */
export function takeBackoffs(counts: ReturnType<typeof countRecords>, tell: (change: Change) => void) {
  const heard = new LRUCache<string, true>({ max: MAX_HEARD })

  /** @returns the judgement where it was heard. One that comes in a sync is a fault, however often it was. */
  function judgeKnown(digest: Uint8Array, how: How): Judgement | null {
    return how !== 'sync' && heard.has(nameOfDigest(digest)) ? KNOWN : null
  }

  function take(id: CID, backoff: Backoff, how: How, known: Circumstances): Judgement {
    const digest = digestOfId(id)
    const { campaign, host, peer } = backoff
    const recentBackoffs = counts.of('backoff', peer, how, known.now)
    const judgement =
      // the same one may have come twice at once
      judgeKnown(digest, how) ?? admit({ kind: 'backoff', id, value: backoff }, { ...known, recentBackoffs })
    if (judgement.verdict !== 'accept') return judgement
    heard.set(nameOfDigest(digest), true)
    counts.add('backoff', peer, how, known.now)
    tell({
      how,
      id,
      kind: 'backoff',
      campaign,
      work: null,
      backoff: { host, until: heededUntil(backoff) },
      audit: null,
    })
    return judgement
  }

  return { judgeKnown, take }
}
