import type * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_FEED_ENTRIES } from '../limits.ts'
import { integer, key, link, map, sha256Bytes, validate } from './fields.ts'

const count = integer(0, MAX_FEED_ENTRIES)

const FeedSchema = map({
  /** id of the campaign's record */
  campaign: link('dag-cbor'),
  /** who says so, whose signature the envelope bears */
  source: key,
  /** milliseconds since 1970: of two feeds of a source the later counts */
  issued: integer(0),
  /** how many subjects of each kind follow, in this order */
  counts: map({ pair: count, url: count, origin: count, image: count }),
  /** sha256 of the hashes: of each kind one behind the other, ascending, none twice */
  digest: sha256Bytes,
})

/**
 * The head of a feed of removals: all that is removed from a campaign, at one time, for who takes in a million of them at
 * once. The hashes follow behind the envelope, in a file; nodes do not tell each other of feeds.
 */
export type Feed = v.InferOutput<typeof FeedSchema>

/** @throws ShoalError `feed_field`, `feed_unknown_field` */
export function makeFeed(fields: Omit<Feed, 'source'>, signer: Signer): Promise<Sealed> {
  const feed = validate('feed', FeedSchema, { ...fields, source: signer.publicKey })
  return seal('feed', encode(feed), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `feed_kind` for another record; `feed_field`, `feed_unknown_field`; `feed_key`
 *   where another key than the source's signed
 */
export function decodeFeed(record: Opened): Feed {
  if (record.kind !== 'feed')
    throw new ShoalError('feed_kind', `${record.id} is a ${record.kind}, not a feed`)
  const feed = validate('feed', FeedSchema, decode(record.body))
  if (!equalBytes(feed.source, record.key))
    throw new ShoalError('feed_key', `feed ${record.id} names another source than the one who signed it`)
  return feed
}
