import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import * as dagJson from '@ipld/dag-json'
import type { Signer } from '../../protocol/envelope.ts'

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'))
}

/** A value as plain JSON in DAG-JSON's spelling: links as `{"/": cid}`, bytes as `{"/": {"bytes": base64}}`. */
export function dagJsonOf(value: unknown): unknown {
  return JSON.parse(dagJson.stringify(value))
}

/** The Ed25519 key whose seed is 32 times this byte. */
export function signerOf(seed: number): Signer {
  // RFC 8410: PKCS #8 of an Ed25519 seed is this prefix and the seed
  const prefix = bytes('302e020100300506032b657004220420')
  const der = Buffer.concat([prefix, new Uint8Array(32).fill(seed)])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const x = createPublicKey(privateKey).export({ format: 'jwk' }).x as string
  return {
    publicKey: new Uint8Array(Buffer.from(x, 'base64url')),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  }
}

/** Bytes as a list of hex and of numbers: so many zeros. */
export function pieces(bytes: Uint8Array): (string | number)[] {
  return (hex(bytes).match(/(?:00){32,}|(?:(?!(?:00){32})..)+/g) ?? []).map((piece) =>
    /^(?:00){32,}$/.test(piece) ? piece.length / 2 : piece,
  )
}
