import type { CID } from 'multiformats/cid'

/** Every name by which nodes address each other: the version in it is that of the whole conversation. */

/** The gossip topic of a campaign's records; each message is one record's envelope. */
export function recordsTopic(campaign: CID): string {
  return `/shoal/1/${campaign}/records`
}

/** Base32 of a CIDv1 with a sha2-256: 36 bytes. */
const RECORDS_TOPIC = /^\/shoal\/1\/b[a-z2-7]{58}\/records$/

/** Whether a topic has the form of some campaign's: no other is heard of at all. */
export function isRecordsTopic(topic: string): boolean {
  return RECORDS_TOPIC.test(topic)
}

/** Shoal's own DHT: nothing is written to anybody else's, and nobody else's nodes fill its tables. */
export const DHT_PROTOCOL = '/shoal/kad/1.0.0'

/** Protocols of one stream a request. Every message is its length as an unsigned varint, and that many bytes. */
export const REQUEST_PROTOCOLS = {
  /** `{ campaign, segment }` as DAG-CBOR → the envelope of the claim on that segment, or nothing */
  record: '/shoal/1/record',
  /** `{ campaign }` as DAG-CBOR → the envelope of that campaign, or nothing */
  campaign: '/shoal/1/campaign',
  /**
   * `{ sha256, offset }` as DAG-CBOR → the bytes of that file of a model, from the offset on, in messages of at most
   * 1 MiB; an empty one ends them, and is the only one where the file is not there
   */
  file: '/shoal/1/file',
  /** the messages of two ledgers, each a value as DAG-CBOR; the side that opens the stream begins */
  sync: '/shoal/1/sync',
} as const
