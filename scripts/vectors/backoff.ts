import { cidOf, encode } from '../../protocol/codec.ts'
import { type Backoff, makeBackoff } from '../../protocol/records/backoff.ts'
import { sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const witness = signerOf(2)
const other = signerOf(1)
const HOUR = 3_600_000
const NOON = 1_760_000_000_000

export async function backoffCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Backoff>) => {
    const { peer, ...fields } = { ...backoffFields(), ...change }
    const record = await makeBackoff(fields, witness)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, peer }),
    }
  }
  const invalid = (comment: string, change: object, error = 'backoff_field') =>
    sealed(comment, 'backoff', { ...backoffFields(), ...change }, error, witness)
  const { until: _, ...withoutEnd } = backoffFields()
  const long = `${'a'.repeat(63)}.`.repeat(3)
  return [
    await valid('too many requests, for an hour', {}),
    await valid('unavailable, for a millisecond', { status: 503, until: NOON + 1 }),
    await valid('for a day, the longest', { until: NOON + 24 * HOUR }),
    await valid('a host with a port', { host: 'photos.example:8080' }),
    await valid('a host with the last port', { host: 'photos.example:65535' }),
    await valid('a host in punycode', { host: 'xn--bcher-kva.example' }),
    await valid('a host with an underscore, and hyphens at the ends', { host: '-my_photos-.example' }),
    await valid('a host of one label', { host: 'localhost' }),
    await valid('a host of 253 bytes, with a port', { host: `${long}${'a'.repeat(61)}:65535` }),
    await valid('an IPv4 address', { host: '192.0.2.255' }),
    await valid('an IPv6 address with a port', { host: '[2001:db8::1]:443' }),

    await sealed('wrong domain: a shard is no back-off', 'shard', shardFields(), 'backoff_kind', signerOf(2)),
    await sealed('wrong key: for another peer', 'backoff', backoffFields(), 'backoff_key', other),
    await invalid('unknown field', { reason: 'busy' }, 'backoff_unknown_field'),
    await sealed('missing field', 'backoff', withoutEnd, 'backoff_field', witness),
    await sealed('not a map', 'backoff', [1, 2], 'backoff_field', witness),
    await sealed('malformed body', 'backoff', new Uint8Array(), 'codec_malformed', witness),
    await sealed(
      'non-canonical body',
      'backoff',
      bytes('a2 6162 01 6161 02'),
      'codec_not_canonical',
      witness,
    ),
    await invalid('it ends before it begins', { until: NOON - 1 }),
    await invalid('it ends as it begins', { until: NOON }),
    await invalid('for longer than a day', { until: NOON + 24 * HOUR + 1 }),
    await invalid('a time below 0', { issued: -1, until: 1 }),
    await invalid('a time with a fraction', { until: NOON + 0.5 }),
    await invalid('a status that asks for no pause', { status: 404 }),
    await invalid('a status as text', { status: '429' }),
    await invalid('a key too short', { peer: witness.publicKey.subarray(1) }),
    await invalid('a campaign that is a file', { campaign: cidOf(new Uint8Array(), 'raw') }),
    await invalid('a host of no bytes', { host: '' }),
    await invalid('a host in bytes', { host: new Uint8Array([97]) }),
    await invalid('oversize: a host of 254 bytes', { host: `${long}${'a'.repeat(62)}` }),
    await invalid('oversize: a label of 64 bytes', { host: `${'a'.repeat(64)}.example` }),
    await invalid('a host in capitals', { host: 'Photos.example' }),
    await invalid('a host in another script', { host: 'bücher.example' }),
    await invalid('a host that ends in a dot', { host: 'photos.example.' }),
    await invalid('a host with an empty label', { host: 'photos..example' }),
    await invalid('a host that begins with a dot', { host: '.example' }),
    await invalid('a host with a line after it', { host: 'photos.example\n' }),
    await invalid('an address instead of a host', { host: 'https://photos.example/' }),
    await invalid('a host with a user', { host: 'me@photos.example' }),
    await invalid('a host with a wildcard', { host: '*.example' }),
    await invalid('a port without a number', { host: 'photos.example:' }),
    await invalid('a port of 0', { host: 'photos.example:0' }),
    await invalid('a port with a zero before it', { host: 'photos.example:0443' }),
    await invalid('a port beyond the last', { host: 'photos.example:65536' }),
    await invalid('a port alone', { host: ':443' }),
    await invalid('an IPv4 address with a zero before a number', { host: '192.0.02.1' }),
    await invalid('an IPv4 address of three numbers', { host: '192.0.513' }),
    await invalid('an IPv4 address with a number beyond 255', { host: '192.0.2.256' }),
    await invalid('an IPv4 address in hexadecimal', { host: '0xc0.0x0.0x2.0x1' }),
    await invalid('an IPv6 address without brackets', { host: '2001:db8::1' }),
    await invalid('an IPv6 address in another spelling', { host: '[2001:db8:0::1]' }),
    await invalid('an IPv6 address with a zone', { host: '[fe80::1%25eth0]' }),
  ]
}

function backoffFields(): Backoff {
  return {
    campaign: cidOf(encode({ any: 'block' })),
    host: 'photos.example',
    status: 429,
    peer: witness.publicKey,
    issued: NOON,
    until: NOON + HOUR,
  }
}
