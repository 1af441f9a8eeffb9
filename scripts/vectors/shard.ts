import { CID } from 'multiformats/cid'
import { cidOf, encode } from '../../protocol/codec.ts'
import { makeShard, type Shard } from '../../protocol/records/shard.ts'
import { campaignFields, sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const organiser = signerOf(1)
const producer = signerOf(2)
const file = cidOf(Buffer.from('crawl-data/a.warc.gz\n'), 'raw')
const block = cidOf(encode({ any: 'block' }))
/** Links that no record takes. */
const odd = (text: string) => CID.decode(bytes(text))

export async function shardCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Shard>) => {
    const { peer, ...fields } = { ...shardFields(), ...change }
    const { bytes, id } = await makeShard(fields, producer)
    return { comment, envelope: hex(bytes), id: id.toString(), value: dagJsonOf({ ...fields, peer }) }
  }
  const invalid = (comment: string, change: object, error = 'shard_field') =>
    sealed(comment, 'shard', { ...shardFields(), ...change }, error, producer)
  const { rows: _, ...withoutRows } = shardFields()
  return [
    await valid("a producer's first", {}),
    await valid('a later one', { seq: 7, previous: block }),
    await valid('of an operator and a team', { operator: 'Ada', team: 'Räksmörgås & Co.' }),
    await valid('the last segment there can be, without rows', { segment: 2 ** 31 - 1, rows: 0 }),

    await sealed(
      'wrong domain: a campaign is no shard',
      'campaign',
      campaignFields(),
      'shard_kind',
      organiser,
    ),
    await sealed('wrong key: signed by another', 'shard', shardFields(), 'shard_key', organiser),
    await invalid('unknown field', { note: 'hi' }, 'shard_unknown_field'),
    await sealed('missing field', 'shard', withoutRows, 'shard_field', producer),
    await sealed('malformed body', 'shard', new Uint8Array(), 'codec_malformed', producer),
    await sealed('non-canonical body', 'shard', bytes('bf ff'), 'codec_not_canonical', producer),
    await invalid('a segment below 0', { segment: -1 }),
    await invalid('oversize: a segment beyond the last there can be', { segment: 2 ** 31 }),
    await invalid('half a row', { rows: 0.5 }),
    await invalid('an operator without a name', { operator: '' }),
    await invalid('an operator that is null, in place of absent', { operator: null }),
    await invalid('a name with a space at its end', { team: 'blue ' }),
    await invalid('a name that turns the direction', { operator: 'a\u202eb' }),
    await invalid('oversize: a name of 49 bytes', { team: 'a'.repeat(49) }),
    await invalid('a key too long', { peer: new Uint8Array(33) }),
    await invalid('a manifest that is a file', { manifest: file }),
    await invalid('a manifest by its name', { manifest: block.toString() }),
    await invalid('a link of version 0', { campaign: odd(`1220${'ab'.repeat(32)}`) }),
    await invalid('a link by sha3-256', { campaign: odd(`01711620${'ab'.repeat(32)}`) }),
    await invalid('a link by a shortened sha2-256', { campaign: odd(`01711214${'ab'.repeat(20)}`) }),
    await invalid('the first has none before it', { previous: block }),
    await invalid('a later one has', { seq: 1 }),
  ]
}
