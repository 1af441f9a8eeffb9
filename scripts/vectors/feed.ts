import { cidOf, encode } from '../../protocol/codec.ts'
import { type Feed, makeFeed } from '../../protocol/records/feed.ts'
import { sealed, shardFields } from './records.ts'
import { dagJsonOf, hex, signerOf } from './spelling.ts'

const source = signerOf(1)
const other = signerOf(2)

export async function feedCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Feed>) => {
    const { source: key, ...fields } = { ...feedFields(), ...change }
    const record = await makeFeed(fields, source)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, source: key }),
    }
  }
  const invalid = (comment: string, change: object, error = 'feed_field') =>
    sealed(comment, 'feed', { ...feedFields(), ...change }, error, source)
  const { digest: _, ...withoutDigest } = feedFields()
  const { counts } = feedFields()
  return [
    await valid('a million addresses', {}),
    await valid('nothing', { counts: { pair: 0, url: 0, origin: 0, image: 0 } }),

    await sealed('wrong domain: a shard is no feed', 'shard', shardFields(), 'feed_kind', other),
    await sealed('wrong key: of another source', 'feed', feedFields(), 'feed_key', other),
    await invalid('unknown field: what is removed', { urls: [] }, 'feed_unknown_field'),
    await sealed('missing field', 'feed', withoutDigest, 'feed_field', source),
    await sealed('malformed body', 'feed', new Uint8Array(), 'codec_malformed', source),
    await invalid('a short digest', { digest: new Uint8Array(31) }),
    await invalid('fewer than none', { counts: { ...counts, pair: -1 } }),
    await invalid('more than any feed has', { counts: { ...counts, image: 10_000_001 } }),
    await invalid('a kind without a count', { counts: { pair: 1, url: 1, origin: 1 } }),
  ]
}

function feedFields(): Feed {
  return {
    ...{ campaign: cidOf(encode('campaign')), source: source.publicKey, issued: 1_760_000_000_000 },
    counts: { pair: 0, url: 1_000_000, origin: 3, image: 17 },
    digest: new Uint8Array(32).fill(7),
  }
}
