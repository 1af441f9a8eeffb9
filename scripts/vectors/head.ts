import { cidOf, encode } from '../../protocol/codec.ts'
import { type Head, makeHead } from '../../protocol/records/head.ts'
import { campaignFields, sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const source = signerOf(1)
const other = signerOf(2)
const HOUR = 3_600_000
const NOON = 1_760_000_000_000

export async function headCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Head>) => {
    const { source: key, ...fields } = { ...headFields(), ...change }
    const record = await makeHead(fields, source)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, source: key }),
    }
  }
  const invalid = (comment: string, change: object, error = 'head_field') =>
    sealed(comment, 'head', { ...headFields(), ...change }, error, source)
  const { root: _, ...withoutRoot } = headFields()
  const { root } = headFields()
  return [
    await valid('three removals, of which some are in force', {}),
    await valid('all of them are over or taken back', { root: null }),
    await valid('nothing was removed yet', { seq: 0, last: null, root: null }),
    await valid('for a millisecond', { nextUpdate: NOON + 1 }),

    await sealed('wrong domain: a shard is no head', 'shard', shardFields(), 'head_kind', other),
    await sealed('wrong domain: a campaign is no head', 'campaign', campaignFields(), 'head_kind', source),
    await sealed('wrong key: of another source', 'head', headFields(), 'head_key', other),
    await invalid('unknown field', { number: 3 }, 'head_unknown_field'),
    await sealed('missing field', 'head', withoutRoot, 'head_field', source),
    await sealed('not a map', 'head', [1, 2], 'head_field', source),
    await sealed('malformed body', 'head', new Uint8Array(), 'codec_malformed', source),
    await sealed('non-canonical body', 'head', bytes('a2 6162 01 6161 02'), 'codec_not_canonical', source),
    await invalid('it ends as it begins', { nextUpdate: NOON }),
    await invalid('for more than a day', { nextUpdate: NOON + 24 * HOUR + 1 }),
    await invalid('three removals without a last', { last: null }),
    await invalid('a last of no removals', { seq: 0, root: null }),
    await invalid('a root of no removals', { seq: 0, last: null }),
    await invalid('a short root', { root: root!.subarray(1) }),
    await invalid('a seq below 0', { seq: -1 }),
    await invalid('a time with a fraction', { thisUpdate: NOON + 0.5 }),
    await invalid('a key too short', { source: source.publicKey.subarray(1) }),
  ]
}

export function headFields(): Head {
  return {
    ...{ campaign: cidOf(encode('campaign')), source: source.publicKey, seq: 3 },
    ...{ last: cidOf(encode('last')), root: new Uint8Array(32).fill(7) },
    ...{ thisUpdate: NOON, nextUpdate: NOON + 24 * HOUR },
  }
}
