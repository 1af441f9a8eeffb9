import { cidOf, encode } from '../../protocol/codec.ts'
import { type Claim, makeClaim } from '../../protocol/records/claim.ts'
import { campaignFields, sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const claimant = signerOf(2)
const other = signerOf(1)
const HOUR = 3_600_000
const NOON = 1_760_000_000_000

export async function claimCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Claim>) => {
    const { peer, ...fields } = { ...claimFields(), ...change }
    const record = await makeClaim(fields, claimant)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, peer }),
    }
  }
  const invalid = (comment: string, change: object, error = 'claim_field') =>
    sealed(comment, 'claim', { ...claimFields(), ...change }, error, claimant)
  const { expires: _, ...withoutEnd } = claimFields()
  return [
    await valid('for an hour', {}),
    await valid('a renewal keeps when the lease began', { seq: 3, expires: NOON + 2 * HOUR }),
    await valid('a release ends as it begins', { seq: 4, issued: NOON + HOUR, expires: NOON + HOUR }),
    await valid('for a day, the longest', { expires: NOON + 24 * HOUR }),
    await valid('the last segment there can be', { segment: 2 ** 31 - 1 }),
    await valid('in 1970', { issued: 0, expires: HOUR }),

    await sealed('wrong domain: a shard is no claim', 'shard', shardFields(), 'claim_kind', claimant),
    await sealed('wrong domain: a campaign is no claim', 'campaign', campaignFields(), 'claim_kind', other),
    await sealed('wrong key: for another peer', 'claim', claimFields(), 'claim_key', other),
    await invalid('unknown field', { priority: 1 }, 'claim_unknown_field'),
    await sealed('missing field', 'claim', withoutEnd, 'claim_field', claimant),
    await sealed('not a map', 'claim', [1, 2], 'claim_field', claimant),
    await sealed('malformed body', 'claim', new Uint8Array(), 'codec_malformed', claimant),
    await sealed('non-canonical body', 'claim', bytes('a2 6162 01 6161 02'), 'codec_not_canonical', claimant),
    await invalid('it ends before it begins', { expires: NOON - 1 }),
    await invalid('for longer than a day', { expires: NOON + 24 * HOUR + 1 }),
    await invalid('a segment below 0', { segment: -1 }),
    await invalid('oversize: a segment beyond the last there can be', { segment: 2 ** 31 }),
    await invalid('half a segment', { segment: 0.5 }),
    await invalid('a seq below 0', { seq: -1 }),
    await invalid('a time below 0', { issued: -1 }),
    await invalid('a time with a fraction', { expires: NOON + 0.5 }),
    await invalid('oversize: a time beyond 2^53', { expires: 2n ** 53n }),
    await invalid('a key too short', { peer: claimant.publicKey.subarray(1) }),
    await invalid('a campaign by its name', { campaign: 'kites' }),
    await invalid('a campaign that is a file', { campaign: cidOf(new Uint8Array(), 'raw') }),
  ]
}

function claimFields(): Claim {
  return {
    campaign: cidOf(encode({ any: 'block' })),
    segment: 5,
    peer: claimant.publicKey,
    seq: 0,
    issued: NOON,
    expires: NOON + HOUR,
  }
}
