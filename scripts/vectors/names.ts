import { createHash } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'

/** Names in the network, put together byte by byte and apart from the code. */
export function nameCases(): unknown[] {
  const campaign = cidOf(Buffer.from('a campaign'))
  const topic = `/shoal/1/${base32.encode(campaign)}/records`
  const other = cidOf(Buffer.from('another campaign'))
  return [
    nameCase('the first segment', campaign, 0, '00'),
    nameCase('a number of one byte', campaign, 23, '17'),
    nameCase('a number of two bytes', campaign, 24, '1818'),
    nameCase('a number of three bytes', campaign, 24_463, '195f8f'),
    nameCase('a number of five bytes', campaign, 2_147_483_647, '1a7fffffff'),
    nameCase('the same segment of another campaign', other, 0, '00'),
    ...[
      ['nothing', ''],
      ['no path', 'records'],
      ['a slash at the end', `${topic}/`],
      ['a space before', ` ${topic}`],
      ['a line feed behind', `${topic}\n`],
      ['capitals', topic.toUpperCase()],
      ['another version', topic.replace('/1/', '/2/')],
      ['another subject', topic.replace('records', 'blocks')],
      ['a CID in base58', topic.replace(base32.encode(campaign), base58btc.encode(campaign))],
      ['a longer CID', topic.replace('/records', 'a/records')],
    ].map(([comment, topic]) => ({ comment: `no topic: ${comment}`, topic, error: true })),
  ]
}

/** CIDv1, dag-cbor, sha2-256, 32 bytes. */
function cidOf(block: Buffer): Buffer {
  return Buffer.concat([Buffer.from('01711220', 'hex'), createHash('sha256').update(block).digest()])
}

/** @param number - the segment in CBOR, hex */
function nameCase(comment: string, campaign: Buffer, segment: number, number: string) {
  const block = Buffer.concat([
    ...[Buffer.from('a2', 'hex'), Buffer.from('gsegment'), Buffer.from(number, 'hex')],
    // a link is tag 42 and bytes that begin with a zero
    ...[Buffer.from('hcampaign'), Buffer.from('d82a582500', 'hex'), campaign],
  ])
  const topic = `/shoal/1/${base32.encode(campaign)}/records`
  return {
    ...{ comment, campaign: base32.encode(campaign), segment, topic },
    key: base32.encode(cidOf(block)),
  }
}
