import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { cidOf, decode, encode } from './codec.ts'
import { type Kind, recognise, recordDomain } from './domains.ts'
import { ShoalError } from './errors.ts'
import { SIGNATURE_BYTES } from './limits.ts'
import { key, line, map, validate } from './records/fields.ts'

/** Whose key signs: a node's identity. `publicKey` is the raw 32 bytes, a signature 64. */
export interface Signer {
  publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Ed25519 (RFC 8032): whether `signature` is `key`'s over `message`. Never throws. */
export type Verify = (
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>

/** A record ready to be sent: its envelope, and the envelope's CID, which is the record's id. */
export interface Sealed {
  bytes: Uint8Array
  id: CID
}

/** An envelope whose signature holds. The body is not looked into yet. */
export interface Opened {
  kind: Kind
  body: Uint8Array
  key: Uint8Array
  id: CID
}

const Envelope = map({
  kind: line(32),
  body: v.instance(Uint8Array),
  key,
  sig: v.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length === SIGNATURE_BYTES,
    `it must be a signature of ${SIGNATURE_BYTES} bytes`,
  ),
})

/**
 * Sign a record's body: an envelope is DAG-CBOR `{ kind, body: bytes, key: bytes, sig: bytes }` with
 * `sig = Ed25519(key, "shoal/1/" + kind + "\0" + body)`.
 *
 * @throws ShoalError `codec_oversize`
 */
export async function seal(kind: Kind, body: Uint8Array, signer: Signer): Promise<Sealed> {
  const sig = await signer.sign(signedMessage(kind, body))
  const bytes = encode({ kind, body, key: signer.publicKey, sig })
  return { bytes, id: cidOf(bytes) }
}

/**
 * Open an envelope and verify its signature.
 *
 * A record of a future version is told from garbage by its kind, `shard/2`, with a signature that holds:
 * an honest newer node sent it, so it is ignored, not held against anybody.
 *
 * @throws ShoalError `codec_oversize`, `codec_malformed`, `codec_not_canonical`;
 *   `envelope_field`, `envelope_unknown_field`; `envelope_kind` for a kind nobody knows;
 *   `envelope_signature` where the key never signed this body for this kind;
 *   `envelope_version` for a record of a known kind's future version
 */
export async function open(bytes: Uint8Array, verify: Verify): Promise<Opened> {
  const { kind, body, key, sig } = validate('envelope', Envelope, decode(bytes))
  const known = recognise(kind)
  if (known === 'unknown') {
    throw new ShoalError('envelope_kind', `envelope: ${JSON.stringify(kind)} is no kind of record`)
  }
  if (!(await verify(key, signedMessage(kind, body), sig))) {
    throw new ShoalError('envelope_signature', `envelope: the signature is not this key's over this ${kind}`)
  }
  if (known === 'future') {
    throw new ShoalError(
      'envelope_version',
      `envelope: ${kind} is newer than this node: update Shoal to read it`,
    )
  }
  return { kind: kind as Kind, body, key, id: cidOf(bytes) }
}

function signedMessage(kind: string, body: Uint8Array): Uint8Array {
  const domain = new TextEncoder().encode(recordDomain(kind))
  const message = new Uint8Array(domain.length + body.length)
  message.set(domain)
  message.set(body, domain.length)
  return message
}
