import * as v from 'valibot'
import { decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_CALLED_BYTES, MAX_INDEX } from '../limits.ts'
import { integer, key, line, link, map, validate } from './fields.ts'

/** What somebody goes by: a line without space at its ends. */
const Called = v.pipe(
  line(MAX_CALLED_BYTES),
  v.check((text) => !text.startsWith(' ') && !text.endsWith(' '), 'it must have no space at its ends'),
)

/** Whether a shard's record takes a name for its operator or team. */
export function isCalled(text: string): boolean {
  return v.is(Called, text)
}

/** Absent where none is given. */
const called = v.optional(Called)

const ShardSchema = v.pipe(
  map({
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    segment: integer(0, MAX_INDEX),
    /** the producer, whose signature the envelope bears */
    peer: key,
    manifest: link('dag-cbor'),
    /** rows of `pairs.parquet` */
    rows: integer(0, MAX_INDEX),
    /** place among the producer's shards, from 0: two of the same place prove a fork */
    seq: integer(0),
    /** id of the producer's shard record before this one, null for the first */
    previous: v.nullable(link('dag-cbor')),
    /** what the producer's operator and team call themselves: nobody vouches for it, and two may use one name */
    operator: called,
    team: called,
  }),
  v.check(
    ({ seq, previous }) => (seq === 0) === (previous === null),
    'seq is 0 where previous is null, and only there',
  ),
)

/** The signed word of a producer: this manifest is what became of that segment. */
export type Shard = v.InferOutput<typeof ShardSchema>

/** @throws ShoalError `shard_field`, `shard_unknown_field` */
export function makeShard(fields: Omit<Shard, 'peer'>, signer: Signer): Promise<Sealed> {
  const shard = validate('shard', ShardSchema, { ...fields, peer: signer.publicKey })
  return seal('shard', encode(shard), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `shard_kind` for another record; `shard_field`,
 *   `shard_unknown_field`; `shard_key` where another key than the producer's signed
 */
export function decodeShard(record: Opened): Shard {
  if (record.kind !== 'shard')
    throw new ShoalError('shard_kind', `${record.id} is a ${record.kind}, not a shard`)
  const shard = validate('shard', ShardSchema, decode(record.body))
  if (!equalBytes(shard.peer, record.key)) {
    throw new ShoalError('shard_key', `shard ${record.id} names another producer than the one who signed it`)
  }
  return shard
}
