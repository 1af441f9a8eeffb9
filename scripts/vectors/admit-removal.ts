import { cidOf, encode } from '../../protocol/codec.ts'
import type { Sealed } from '../../protocol/envelope.ts'
import { type Head, makeHead } from '../../protocol/records/head.ts'
import { makeRemoval, type Removal } from '../../protocol/records/removal.ts'
import { bob, campaign, custodian, HOUR, judge, listed, NOW, organiser, SECOND } from './admit-case.ts'
import { headFields } from './head.ts'
import { removalFields } from './removal.ts'

const DAY = 24 * HOUR

/** What is expected is written by hand, code and verdict. */
export async function removalAdmissions(): Promise<unknown[]> {
  const forGood = await removal({}, custodian)
  const month = await removal({ expires: NOW + 30 * DAY })
  const back = { seq: 1, previous: month.id, negates: month.id }
  const takenBack = await removal(back)
  const origin = { subject: { ...removalFields().subject, kind: 'origin' as const }, expires: NOW + DAY }
  const forks = (await Promise.all(['a', 'b', 'c'].map((basis) => removal({ basis }, custodian)))).sort(
    (a, b) => Buffer.compare(a.id.bytes, b.id.bytes),
  )
  const [low, middle, high] = forks as [Sealed, Sealed, Sealed]
  const fresh = await head({})
  return [
    judge('removal: for good, by a custodian', forGood, {}, 'accept', 'ok'),
    judge('removal: for good, by the organiser', await removal({}, organiser), {}, 'accept', 'ok'),
    judge('removal: for good, by anybody else', await removal({}), {}, 'reject', 'removal_term'),
    judge('removal: for thirty days, by anybody', month, {}, 'accept', 'ok'),
    judge(
      'removal: for longer than that',
      await removal({ expires: NOW + 30 * DAY + 1 }),
      {},
      'reject',
      'removal_term',
    ),
    judge(
      'removal: for years, by a custodian',
      await removal({ expires: NOW + 1000 * DAY }, custodian),
      {},
      'accept',
      'ok',
    ),
    judge('removal: of a campaign where others are listed', month, { campaign: listed }, 'accept', 'ok'),
    judge('removal: of a campaign nobody told of', month, { campaign: null }, 'ignore', 'campaign_unknown'),
    judge(
      'removal: a site, whose owner nobody has seen',
      await removal(origin),
      {},
      'reject',
      'removal_proof',
    ),
    judge(
      'removal: a site, with a proof that nobody knows',
      await removal({ ...origin, basis: 'dnssec: x' }),
      {},
      'reject',
      'removal_proof',
    ),
    ...(await Promise.all(
      ['dns: x', 'well-known: x', 'recheck: x'].map(async (basis) =>
        judge(`removal: a site, by ${basis}`, await removal({ ...origin, basis }), {}, 'accept', 'ok'),
      ),
    )),
    judge(
      'removal: a site, by a custodian',
      await removal({ ...origin, expires: null }, custodian),
      {},
      'accept',
      'ok',
    ),
    judge(
      'removal: issued two minutes from now',
      await removal({ issued: NOW + 120 * SECOND, expires: NOW + DAY }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'removal: issued later than that',
      await removal({ issued: NOW + 120 * SECOND + 1, expires: NOW + DAY }),
      {},
      'ignore',
      'removal_early',
    ),
    judge(
      'removal: over for a day, of which a head may still speak',
      await removal({ issued: NOW - 2 * DAY, expires: NOW - DAY - 239_999 }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'removal: over for longer than any head',
      await removal({ issued: NOW - 2 * DAY, expires: NOW - DAY - 240_000 }),
      {},
      'ignore',
      'removal_expired',
    ),
    judge("removal: the source's 60th in ten minutes", month, { recentRemovals: 59 }, 'accept', 'ok'),
    judge('removal: one more', month, { recentRemovals: 60 }, 'ignore', 'removal_flood'),
    judge(
      "removal: the source's 10,000th by sync in two hours",
      month,
      { way: 'sync', recentRemovals: 9_999 },
      'accept',
      'ok',
    ),
    judge(
      'removal: one more by sync',
      month,
      { way: 'sync', recentRemovals: 10_000 },
      'ignore',
      'removal_flood',
    ),
    judge('removal: custodians have no such limit', forGood, { recentRemovals: 10_000 }, 'accept', 'ok'),
    judge('removal: known already', low, { sameSeq: [low.id] }, 'ignore', 'removal_known'),
    judge(
      'removal: a second of the same seq proves a fork',
      high,
      { sameSeq: [low.id] },
      'accept',
      'removal_fork',
    ),
    judge(
      'removal: a third, lower than one of the two',
      middle,
      { sameSeq: [high.id, low.id] },
      'accept',
      'removal_fork',
      high.id,
    ),
    judge(
      'removal: a third, higher than the two',
      high,
      { sameSeq: [low.id, middle.id] },
      'ignore',
      'removal_fork_known',
    ),
    judge('removal: taken back by its source', takenBack, { negated: month }, 'accept', 'ok'),
    judge(
      'removal: a site without proof is taken back',
      await removal({ ...back, subject: origin.subject, negates: forGood.id }),
      { negated: await removal({ ...origin, basis: 'dns: x' }) },
      'accept',
      'ok',
    ),
    judge('removal: takes back what is not known', takenBack, {}, 'ignore', 'removal_unknown'),
    judge(
      'removal: takes back what another has removed',
      await removal({ ...back, negates: forGood.id }),
      { negated: forGood },
      'reject',
      'removal_negates',
    ),
    judge(
      'removal: a custodian takes back what another has removed',
      await removal(back, custodian),
      { negated: month },
      'reject',
      'removal_negates',
    ),
    judge(
      'removal: says to take back something else',
      await removal({ ...back, subject: { ...removalFields().subject, kind: 'image' } }),
      { negated: month },
      'reject',
      'removal_negates',
    ),
    judge(
      'removal: takes back what stands in its own place',
      await removal({ ...back, basis: 'b' }),
      { negated: await removal({ seq: 1, previous: month.id, expires: NOW + DAY }) },
      'reject',
      'removal_negates',
    ),
    judge(
      'removal: takes back a taking back',
      await removal({ seq: 2, previous: takenBack.id, negates: takenBack.id }),
      { negated: takenBack },
      'reject',
      'removal_negates',
    ),

    judge('head: a first, by a custodian', fresh, {}, 'accept', 'ok'),
    judge('head: by the organiser', await head({}, organiser), {}, 'accept', 'ok'),
    judge('head: by anybody else', await head({}, bob), {}, 'reject', 'head_source'),
    judge('head: of a campaign nobody told of', fresh, { campaign: null }, 'ignore', 'campaign_unknown'),
    judge(
      'head: a newer one',
      await head({ thisUpdate: NOW + 1, nextUpdate: NOW + HOUR }),
      { newestHead: fresh },
      'accept',
      'ok',
      fresh.id,
    ),
    judge(
      'head: of the same time, with more removals',
      await head({ seq: 4 }),
      { newestHead: fresh },
      'accept',
      'ok',
      fresh.id,
    ),
    judge('head: known already', fresh, { newestHead: fresh }, 'ignore', 'head_known'),
    judge(
      'head: replayed after a newer one',
      await head({ thisUpdate: NOW - 1, seq: 9 }),
      { newestHead: fresh },
      'ignore',
      'head_old',
    ),
    judge(
      'head: signed two minutes from now',
      await head({ thisUpdate: NOW + 120 * SECOND }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'head: signed later than that',
      await head({ thisUpdate: NOW + 120 * SECOND + 1 }),
      {},
      'ignore',
      'head_early',
    ),
    judge(
      'head: stale, and newer than others that are not',
      await head({ thisUpdate: NOW - DAY - 239_999, nextUpdate: NOW - DAY }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'head: older than any that is not stale',
      await head({ thisUpdate: NOW - DAY - 240_000, nextUpdate: NOW - DAY }),
      {},
      'ignore',
      'head_expired',
    ),
    judge("head: the source's 60th in ten minutes", fresh, { recentRemovals: 59 }, 'accept', 'ok'),
    judge('head: one more', fresh, { recentRemovals: 60 }, 'ignore', 'head_flood'),
    judge('head: one more by sync', fresh, { way: 'sync', recentRemovals: 60 }, 'accept', 'ok'),
  ]
}

function removal(change: Partial<Removal>, signer = bob): Promise<Sealed> {
  const { source: _, ...fields } = { ...removalFields(), campaign, issued: NOW, ...change }
  return makeRemoval(fields, signer)
}

function head(change: Partial<Head>, signer = custodian): Promise<Sealed> {
  const { source: _, ...fields } = { ...headFields(), campaign, ...changeOf(change) }
  return makeHead({ ...fields, last: cidOf(encode('last')) }, signer)
}

function changeOf(change: Partial<Head>): Partial<Head> {
  const { thisUpdate = NOW } = change
  return { thisUpdate, nextUpdate: thisUpdate + DAY, ...change }
}
