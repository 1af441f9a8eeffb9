import { decode, encode } from '../../protocol/codec.ts'
import { type Sealed, seal } from '../../protocol/envelope.ts'
import { type Claim, makeClaim } from '../../protocol/records/claim.ts'
import { makeShard, type Shard } from '../../protocol/records/shard.ts'
import { backoffAdmissions } from './admit-backoff.ts'
import { alice, bob, campaign, HOUR, judge, listed, NOW, SECOND } from './admit-case.ts'
import { removalAdmissions } from './admit-removal.ts'
import { verdictAdmissions } from './admit-verdict.ts'
import { campaignFields, shardFields } from './records.ts'

/** What is expected is written by hand, code and verdict. */
export async function admitCases(): Promise<unknown[]> {
  const fresh = await claim({})
  const renewal = await claim({ seq: 1, expires: NOW + HOUR + 20 * 60 * SECOND })
  const forks = (await Promise.all([1, 2, 3].map((rows) => shard({ rows })))).sort((a, b) =>
    Buffer.compare(a.id.bytes, b.id.bytes),
  )
  const [low, middle, high] = forks as [Sealed, Sealed, Sealed]
  const turned = decode(fresh.bytes) as { sig: Uint8Array }
  turned.sig[63]! ^= 1
  const opened = { key: bob.publicKey, sig: new Uint8Array(64) }

  return [
    judge('claim: a first', fresh, {}, 'accept', 'ok'),
    judge('claim: a renewal', renewal, { newest: fresh }, 'accept', 'ok', fresh.id),
    judge('claim: a renewal whose claim was missed', renewal, {}, 'accept', 'ok'),
    judge(
      'claim: a release',
      await claim({ seq: 1, expires: NOW }),
      { newest: fresh },
      'accept',
      'ok',
      fresh.id,
    ),
    judge(
      'claim: a release whose claim was missed, two hours and 239 s ago',
      await claim({ seq: 1, issued: NOW - 2 * HOUR - 239 * SECOND, expires: NOW - 2 * HOUR - 239 * SECOND }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'claim: a release that has nothing left to end',
      await claim({ seq: 1, issued: NOW - 2 * HOUR - 240 * SECOND, expires: NOW - 2 * HOUR - 240 * SECOND }),
      {},
      'ignore',
      'claim_expired',
    ),
    judge('claim: known already', fresh, { newest: fresh }, 'ignore', 'claim_known'),
    judge('claim: replayed after its renewal', fresh, { newest: renewal }, 'ignore', 'claim_old'),
    judge(
      'claim: replayed after its release',
      fresh,
      { newest: await claim({ seq: 1, expires: NOW }) },
      'ignore',
      'claim_old',
    ),
    judge(
      'claim: another of the same seq that ends earlier',
      await claim({ expires: NOW + 1 }),
      { newest: fresh },
      'accept',
      'ok',
      fresh.id,
    ),
    judge(
      'claim: another of the same seq that ends later',
      await claim({ expires: NOW + 2 * HOUR }),
      { newest: fresh },
      'ignore',
      'claim_old',
    ),
    judge(
      'claim: issued two minutes from now',
      await claim({ issued: NOW + 120 * SECOND }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'claim: issued later than that',
      await claim({ issued: NOW + 120 * SECOND + 1 }),
      {},
      'ignore',
      'claim_early',
    ),
    judge('claim: for two hours from now', await claim({ expires: NOW + 2 * HOUR }), {}, 'accept', 'ok'),
    judge(
      'claim: for longer than that',
      await claim({ expires: NOW + 2 * HOUR + 1 }),
      {},
      'ignore',
      'claim_far',
    ),
    judge(
      'claim: over for 119.999 s',
      await claim({ issued: NOW - HOUR, expires: NOW - 119_999 }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'claim: over for two minutes',
      await claim({ issued: NOW - HOUR, expires: NOW - 120_000 }),
      {},
      'ignore',
      'claim_expired',
    ),
    judge("claim: the peer's 120th in ten minutes", fresh, { recentClaims: 119 }, 'accept', 'ok'),
    judge('claim: one more', fresh, { recentClaims: 120 }, 'ignore', 'claim_flood'),
    judge(
      "claim: the peer's 1,560th by sync in two hours",
      fresh,
      { way: 'sync', recentClaims: 1559 },
      'accept',
      'ok',
    ),
    judge('claim: one more by sync', fresh, { way: 'sync', recentClaims: 1560 }, 'ignore', 'claim_flood'),
    judge('claim: back-offs count apart', fresh, { recentBackoffs: 60 }, 'accept', 'ok'),
    judge('claim: of a campaign nobody told of', fresh, { campaign: null }, 'ignore', 'campaign_unknown'),
    judge('claim: the last segment', await claim({ segment: 13 }), {}, 'accept', 'ok'),
    judge('claim: one beyond the last segment', await claim({ segment: 14 }), {}, 'reject', 'segment_range'),
    judge('claim: by a listed operator', await claim({}, alice), { campaign: listed }, 'accept', 'ok'),
    judge('claim: by a peer that is not listed', fresh, { campaign: listed }, 'ignore', 'peer_unlisted'),

    judge('shard: a first', low, {}, 'accept', 'ok'),
    judge('shard: known already', low, { sameSeq: [low.id] }, 'ignore', 'shard_known'),
    judge(
      'shard: a second of the same seq proves a fork',
      high,
      { sameSeq: [low.id] },
      'accept',
      'shard_fork',
    ),
    judge(
      'shard: a third, lower than one of the two',
      middle,
      { sameSeq: [high.id, low.id] },
      'accept',
      'shard_fork',
      high.id,
    ),
    judge(
      'shard: a third, higher than the two',
      high,
      { sameSeq: [low.id, middle.id] },
      'ignore',
      'shard_fork_known',
    ),
    judge('shard: known already, of a fork', high, { sameSeq: [low.id, high.id] }, 'ignore', 'shard_known'),
    judge('shard: of a campaign nobody told of', low, { campaign: null }, 'ignore', 'campaign_unknown'),
    judge('shard: one beyond the last segment', await shard({ segment: 14 }), {}, 'reject', 'segment_range'),
    judge('shard: by a peer that is not listed', low, { campaign: listed }, 'ignore', 'peer_unlisted'),

    ...(await backoffAdmissions()),
    ...(await verdictAdmissions()),
    ...(await removalAdmissions()),

    judge(
      'campaign: a valid one',
      await seal('campaign', encode(campaignFields()), alice),
      { campaign: null },
      'accept',
      'ok',
    ),

    judge(
      'forged: the signature of another claim',
      { bytes: encode(turned) },
      {},
      'reject',
      'envelope_signature',
    ),
    judge(
      "forged: a claim in another peer's name",
      await seal('claim', encode({ ...claimFields(), peer: alice.publicKey }), bob),
      {},
      'reject',
      'claim_key',
    ),
    judge(
      'forged: a lease that ends before it begins',
      await seal('claim', encode({ ...claimFields(), expires: NOW - 1 }), bob),
      {},
      'reject',
      'claim_field',
    ),
    judge('garbage', { bytes: new Uint8Array([1, 2, 3]) }, {}, 'reject', 'codec_malformed'),
    judge('garbage: an envelope without a body', { bytes: encode(opened) }, {}, 'reject', 'envelope_field'),
    judge(
      'newer: a claim of a future version',
      { bytes: await sealedAs('claim/2') },
      {},
      'ignore',
      'envelope_version',
    ),
    judge(
      'newer: a kind of record that is not known here',
      { bytes: encode({ ...opened, kind: 'poem', body: new Uint8Array() }) },
      {},
      'ignore',
      'envelope_kind',
    ),
  ]
}

function claim(change: Partial<Claim>, signer = bob): Promise<Sealed> {
  const { peer: _, ...fields } = { ...claimFields(), ...change }
  return makeClaim(fields, signer)
}

function claimFields(): Claim {
  return { campaign, segment: 5, peer: bob.publicKey, seq: 0, issued: NOW, expires: NOW + HOUR }
}

function shard(change: Partial<Shard>): Promise<Sealed> {
  const { peer: _, ...fields } = { ...shardFields(), ...change }
  return makeShard(fields, bob)
}

/** As a later version would sign it. */
async function sealedAs(kind: string): Promise<Uint8Array> {
  return (await seal(kind as 'claim', encode({ any: 'body' }), bob)).bytes
}
