import * as dagCbor from '@ipld/dag-cbor'
import { encode } from '../../protocol/codec.ts'
import { recordDomain } from '../../protocol/domains.ts'
import { seal } from '../../protocol/envelope.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import { hex, signerOf } from './spelling.ts'

const alice = signerOf(1)
const bob = signerOf(2)
const body = encode({ hello: 'shoal' })

export async function envelopeCases(): Promise<unknown[]> {
  const good = await fields('shard')
  const { kind, sig } = good
  const turned = new Uint8Array(sig)
  turned[63] = (turned[63] as number) ^ 1
  return [
    await valid('a shard', 'shard', body),
    await valid('a campaign, by another key', 'campaign', body, bob),
    await valid('a body of no bytes', 'shard', new Uint8Array()),

    invalid('non-canonical: fields out of order', outOfOrder(good), 'codec_not_canonical'),
    invalid('malformed: cut short', encode(good).subarray(0, -1), 'codec_malformed'),
    invalid(
      'malformed: bytes after the envelope',
      Buffer.concat([encode(good), new Uint8Array(1)]),
      'codec_malformed',
    ),
    {
      comment: 'oversize: longer than a record can be',
      envelope: hex(encode(good)),
      zeros: MAX_RECORD_BYTES - encode(good).length + 1,
      error: 'codec_oversize',
    },

    invalid('unknown field', encode({ ...good, time: 0 }), 'envelope_unknown_field'),
    invalid('unknown field named like a method', encode({ ...good, toString: 0 }), 'envelope_unknown_field'),
    invalid('missing field', encode({ kind, body, sig }), 'envelope_field'),
    invalid('not a map', encode([kind, body]), 'envelope_field'),
    invalid('a body that is text', encode({ ...good, body: 'hello' }), 'envelope_field'),
    invalid('a key too short', encode({ ...good, key: alice.publicKey.subarray(1) }), 'envelope_field'),
    invalid('a signature too short', encode({ ...good, sig: sig.subarray(1) }), 'envelope_field'),

    invalid('unknown kind', encode(await fields('poem')), 'envelope_kind'),
    invalid(
      'unknown kind: a version spelt as no version is',
      encode(await fields('shard/1')),
      'envelope_kind',
    ),
    invalid('unknown kind: capitals', encode(await fields('Shard')), 'envelope_kind'),
    invalid(
      'unknown kind: the future version of an unknown kind',
      encode(await fields('poem/2')),
      'envelope_kind',
    ),
    invalid('future version', encode(await fields('shard/2')), 'envelope_version'),
    invalid('future version of two digits', encode(await fields('campaign/10')), 'envelope_version'),
    invalid(
      'future version with a bad signature',
      encode({ ...good, kind: 'shard/2' }),
      'envelope_signature',
    ),

    invalid(
      'wrong domain: signed as a campaign',
      encode({ ...good, kind: 'campaign' }),
      'envelope_signature',
    ),
    invalid(
      'wrong domain: signed without any',
      encode({ ...good, sig: await alice.sign(body) }),
      'envelope_signature',
    ),
    invalid(
      'wrong key: not the one that signed',
      encode({ ...good, key: bob.publicKey }),
      'envelope_signature',
    ),
    invalid(
      'wrong key: no point of the curve',
      encode({ ...good, key: new Uint8Array(32).fill(255) }),
      'envelope_signature',
    ),
    invalid('bad signature: one bit turned', encode({ ...good, sig: turned }), 'envelope_signature'),
    invalid(
      'bad signature: its S raised by the order',
      encode({ ...good, sig: raised(sig) }),
      'envelope_signature',
    ),
    invalid(
      'bad signature: another body',
      encode({ ...good, body: encode({ hello: 'shark' }) }),
      'envelope_signature',
    ),
  ]
}

async function fields(kind: string) {
  return { kind, body, key: alice.publicKey, sig: await alice.sign(message(kind, body)) }
}

function message(kind: string, content: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(recordDomain(kind)), content]))
}

async function valid(comment: string, kind: 'shard' | 'campaign', content: Uint8Array, signer = alice) {
  const { bytes, id } = await seal(kind, content, signer)
  return {
    comment,
    envelope: hex(bytes),
    kind,
    body: hex(content),
    key: hex(signer.publicKey),
    message: hex(message(kind, content)),
    id: id.toString(),
  }
}

function invalid(comment: string, envelope: Uint8Array, error: string): unknown {
  return { comment, envelope: hex(envelope), error }
}

/** The same map with its first field, `key`, behind all others. */
function outOfOrder({ key, ...others }: Awaited<ReturnType<typeof fields>>): Uint8Array {
  const rest = dagCbor.encode(others)
  const first = dagCbor.encode({ key })
  return Buffer.concat([Buffer.from([0xa4]), rest.subarray(1), first.subarray(1)])
}

/** The same signature with S + L for S: RFC 8032 has it refused, or each record would have two ids. */
function raised(sig: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const le = Buffer.from(sig.subarray(32)).reverse()
  const s = (BigInt(`0x${le.toString('hex')}`) + order).toString(16).padStart(64, '0')
  return Buffer.concat([sig.subarray(0, 32), Buffer.from(s, 'hex').reverse()])
}
