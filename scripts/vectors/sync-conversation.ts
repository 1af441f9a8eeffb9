import * as dagCbor from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import { cidOf, encode } from '../../protocol/codec.ts'
import type { Sealed } from '../../protocol/envelope.ts'
import { makeCampaign } from '../../protocol/records/campaign.ts'
import { makeClaim } from '../../protocol/records/claim.ts'
import { makeShard } from '../../protocol/records/shard.ts'
import { campaignFields } from './records.ts'
import { hex, pieces, signerOf } from './spelling.ts'
import { sumsOf } from './sync-fingerprints.ts'

const NOW = 1_760_000_000_000
const HOUR = 3_600_000
const NONE = new Uint8Array()

interface Step {
  from: 'asker' | 'answerer'
  says: string
  value: object
}

/**
 * Whole conversations, each step put together by hand with a plain encoder of DAG-CBOR: which records are offered,
 * lacked and sent is written here, not computed by the code.
 */
export async function conversationCases(): Promise<unknown[]> {
  const { key: _, ...fields } = campaignFields()
  const campaign = await makeCampaign(fields, signerOf(1))
  const claim = (seed: number, segment: number, seq = 0, expires = NOW + HOUR) =>
    makeClaim({ campaign: campaign.id, segment, seq, issued: NOW, expires }, signerOf(seed))
  const shard = (seed: number, segment: number, content: number) => {
    const manifest = cidOf(encode({ content }))
    return makeShard(
      { campaign: campaign.id, segment, manifest, rows: content, seq: 0, previous: null },
      signerOf(seed),
    )
  }
  const digestsOf = (...records: Sealed[]) => ({
    ask: 'digests',
    campaign: campaign.id,
    digests: fingerprints(records),
  })
  const digests = (...records: Sealed[]) => ({ digests: fingerprints(records) })

  const bothClaim = await claim(2, 1)
  const bothShard = await shard(2, 2, 0)
  const askersShard = await shard(1, 3, 0)
  const claimBefore = await claim(1, 4)
  const claimRenewed = await claim(1, 4, 1, NOW + HOUR + 20 * 60_000)
  const answerersClaim = await claim(3, 6)
  // in the bucket of one that both have, so that the asker learns which of the two it lacks
  const answerersShard = await findInBucket(bucketOf(bothShard), (content) => shard(3, 5, content))

  const asker = [bothClaim, bothShard, askersShard, claimBefore]
  const answerer = [bothClaim, bothShard, answerersShard, claimRenewed, answerersClaim]
  const after = [bothClaim, bothShard, askersShard, answerersShard, claimRenewed, answerersClaim]
  const named = inBuckets([bothShard, askersShard, claimBefore])
  const offered = inBuckets([answerersShard, claimRenewed, answerersClaim])
  const lacked = named.filter((record) => record !== bothShard)
  const buckets = [...new Set([...named, ...offered].map(bucketOf))].sort((a, b) => a - b)

  return [
    conversation('each has what the other lacks, and a claim was renewed', {
      ...{ campaign, asker, answerer, after },
      steps: [
        { from: 'asker', says: 'digests', value: digestsOf(...asker) },
        { from: 'answerer', says: 'digests', value: digests(...answerer) },
        {
          ...{ from: 'asker', says: 'compare' },
          value: { ask: 'compare', buckets: numbersOf(buckets), ids: idsOf(named) },
        },
        {
          ...{ from: 'answerer', says: 'compare' },
          value: { offers: idsOf(offered), lacks: idsOf(lacked), more: false },
        },
        { from: 'asker', says: 'pull', value: { ask: 'pull', ids: idsOf(offered) } },
        {
          ...{ from: 'answerer', says: 'pull' },
          value: { records: offered.map(({ bytes }) => bytes), handled: offered.length },
        },
        // the claim that the answerer lacks has been replaced by the one that just came
        { from: 'asker', says: 'push', value: { ask: 'push', records: [askersShard.bytes] } },
        { from: 'answerer', says: 'push', value: {} },
        { from: 'asker', says: 'end', value: { ask: 'end' } },
      ],
    }),
    conversation('both have the same', {
      ...{ campaign, asker: after, answerer: after, after },
      steps: [
        { from: 'asker', says: 'digests', value: digestsOf(...after) },
        { from: 'answerer', says: 'digests', value: digests(...after) },
        { from: 'asker', says: 'end', value: { ask: 'end' } },
      ],
    }),
    conversation('the asker has nothing', {
      ...{ campaign, asker: [], answerer: [bothShard], after: [bothShard] },
      steps: [
        { from: 'asker', says: 'digests', value: digestsOf() },
        { from: 'answerer', says: 'digests', value: digests(bothShard) },
        {
          ...{ from: 'asker', says: 'compare' },
          value: { ask: 'compare', buckets: numbersOf([bucketOf(bothShard)]), ids: NONE },
        },
        {
          ...{ from: 'answerer', says: 'compare' },
          value: { offers: idsOf([bothShard]), lacks: NONE, more: false },
        },
        { from: 'asker', says: 'pull', value: { ask: 'pull', ids: idsOf([bothShard]) } },
        { from: 'answerer', says: 'pull', value: { records: [bothShard.bytes], handled: 1 } },
        { from: 'asker', says: 'end', value: { ask: 'end' } },
      ],
    }),
    conversation('the answerer has not joined the campaign', {
      ...{ campaign, asker: [bothShard], answerer: null, after: [bothShard] },
      steps: [
        { from: 'asker', says: 'digests', value: digestsOf(bothShard) },
        { from: 'answerer', says: 'digests', value: { digests: null } },
      ],
    }),
  ]
}

function conversation(
  comment: string,
  {
    campaign,
    asker,
    answerer,
    after,
    steps,
  }: {
    campaign: Sealed
    asker: Sealed[]
    answerer: Sealed[] | null
    after: Sealed[]
    steps: Step[]
  },
) {
  const envelopes = (records: Sealed[]) => records.map(({ bytes }) => hex(bytes))
  return {
    ...{ comment, now: NOW, campaign: hex(campaign.bytes), id: campaign.id.toString() },
    ...{ asker: envelopes(asker), answerer: answerer && envelopes(answerer) },
    steps: steps.map(({ from, says, value }) => ({ from, says, message: pieces(dagCbor.encode(value)) })),
    after: after.map(({ id }) => id.toString()),
  }
}

async function findInBucket(bucket: number, make: (content: number) => Promise<Sealed>): Promise<Sealed> {
  for (let content = 1; ; content++) {
    const record = await make(content)
    if (bucketOf(record) === bucket) return record
  }
}

/** In the order of their buckets. */
function inBuckets(records: Sealed[]): Sealed[] {
  return records.sort((a, b) => bucketOf(a) - bucketOf(b))
}

function digestOf({ id }: { id: CID }): Uint8Array {
  return id.bytes.subarray(4)
}

function bucketOf(record: Sealed): number {
  return Buffer.from(digestOf(record)).readUInt16BE(0) >> 6
}

function idsOf(records: Sealed[]): Uint8Array {
  return new Uint8Array(Buffer.concat(records.map(digestOf)))
}

function numbersOf(buckets: number[]): Uint8Array {
  return Uint8Array.from(buckets.flatMap((bucket) => [bucket >> 8, bucket & 255]))
}

function fingerprints(records: Sealed[]): Uint8Array {
  const bytes = Buffer.alloc(1024 * 16)
  for (const [bucket, sum] of sumsOf(records.map(digestOf))) bytes.write(sum, bucket * 16, 'hex')
  return new Uint8Array(bytes)
}
