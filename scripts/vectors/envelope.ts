import * as dagCbor from '@ipld/dag-cbor'
import { encode } from '../../protocol/codec.ts'
import { recordDomain } from '../../protocol/domains.ts'
import { seal } from '../../protocol/envelope.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import { bytes, hex, signerOf } from './spelling.ts'

const alice = signerOf(1)
const bob = signerOf(2)
const body = encode({ hello: 'shoal' })

/**
 * Over the shard `{ hello: 'shoal' }`, made from known scalars and a point of order 8: where verifiers of Ed25519
 * differ (Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs", IACR 2020/1244).
 */
const MIXED_KEY = 'bd714bc26817786bc082589a0814771ac15a981628f57dc7304c30a8d7e29dd7'
const MIXED_SIGNATURE =
  '9e286d335160c6ff6ea5d8c7c5d506ae35ccf8f4dde523f3e55a97b716d12866' +
  '7bfc4115027bdd6fc72014da123863d1b74d9d0cea00f58ccd9631bed773810c'
const COFACTOR_SIGNATURE =
  '5866666666666666666666666666666666666666666666666666666666666666' +
  'a10d8ce6b1956c76973c562f1cb49af15d0d8e97ddcc0c4f366f2d98fae1a601'
const SMALL_KEY = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'
const SMALL_KEY_SIGNATURE = `9e286d335160c6ff6ea5d8c7c5d506ae35ccf8f4dde523f3e55a97b716d1286615${'00'.repeat(31)}`
const PLAIN_KEY = '62244e218f4deae680de9a6832ab808cbda6da6451c5caae6be7eca4d466b5d9'
const SMALL_R_SIGNATURE = `01${'00'.repeat(31)}aec76c8f9a537aa9b6168dbb52f9dca95d0f0f5899c52b150ac18a48f2eaa60e`

export async function envelopeCases(): Promise<unknown[]> {
  const good = await fields('shard')
  const { kind, sig } = good
  const turned = new Uint8Array(sig)
  turned[63] = (turned[63] as number) ^ 1
  return [
    await valid('a shard', 'shard', body),
    await valid('a campaign, by another key', 'campaign', body, bob),
    await valid('a body of no bytes', 'shard', new Uint8Array()),
    await valid('a key of mixed order: the equation without cofactor holds', 'shard', body, {
      publicKey: bytes(MIXED_KEY),
      sign: () => bytes(MIXED_SIGNATURE),
    }),

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
      'bad signature: the equation holds with the cofactor alone',
      encode({ ...good, key: bytes(MIXED_KEY), sig: bytes(COFACTOR_SIGNATURE) }),
      'envelope_signature',
    ),
    invalid(
      'bad signature: the key is of small order',
      encode({ ...good, key: bytes(SMALL_KEY), sig: bytes(SMALL_KEY_SIGNATURE) }),
      'envelope_signature',
    ),
    invalid(
      'bad signature: its R is of small order',
      encode({ ...good, key: bytes(PLAIN_KEY), sig: bytes(SMALL_R_SIGNATURE) }),
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
