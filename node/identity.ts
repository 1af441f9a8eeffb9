import { createPrivateKey, createPublicKey, verify as cryptoVerify, randomUUID, sign } from 'node:crypto'
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  generateKeyPair,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
  publicKeyFromRaw,
} from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import type { Signer } from '../protocol/envelope.ts'
import { ShoalError } from '../protocol/errors.ts'
import { KEY_BYTES } from '../protocol/limits.ts'

/** Who a node is: its libp2p Ed25519 key, which signs its records as well. */
export interface Identity extends Signer {
  /** raw, 32 bytes */
  publicKey: Uint8Array
  /** as libp2p writes it: `12D3Koo…` */
  peerId: string
  /** the same key as libp2p wants it */
  privateKey: Ed25519PrivateKey
}

const FILE = 'identity.key'

type Ed25519PrivateKey = Extract<ReturnType<typeof privateKeyFromProtobuf>, { type: 'Ed25519' }>

/**
 * Load the identity kept in a directory, or make one there: `identity.key`, libp2p's private key protobuf,
 * readable by its owner alone. A file that is there is never written to.
 *
 * @throws ShoalError `identity_broken` where the file holds no Ed25519 key, `identity_unreadable` where it
 *   can't be read or made
 */
export async function loadIdentity(dir: string): Promise<Identity> {
  const path = join(dir, FILE)
  try {
    return identityOf(decodeKey((await readIfThere(path)) ?? (await create(dir, path)), path))
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause
    throw new ShoalError(
      'identity_unreadable',
      `${path}: ${(cause as Error).message}: let this user read and write the directory`,
      { cause },
    )
  }
}

/** @param publicKey - raw, 32 bytes. @returns the peer's id as libp2p writes it */
export function nameOfPeer(publicKey: Uint8Array): string {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}

/** The raw key of a peer's id, as `nameOfPeer` gives it. @throws ShoalError `peer_invalid` */
export function keyOfPeer(text: string): Uint8Array {
  try {
    const { type, publicKey } = peerIdFromString(text)
    if (type === 'Ed25519' && publicKey) return publicKey.raw
  } catch {}
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
  throw new ShoalError(
    'peer_invalid',
    `${shown} is no node's id: one begins with 12D3Koo, see \`shoal peers\``,
  )
}

/**
 * Ed25519 (RFC 8032) by raw key and signature; false, never an error, for what is no key or no signature,
 * by its length or its content.
 */
export function verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const x = Buffer.from(key).toString('base64url')
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    return cryptoVerify(null, message, publicKey, signature)
  } catch {
    return false
  }
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Make a key file that is whole from its first moment, and give back what lies there then. */
async function create(dir: string, path: string): Promise<Uint8Array> {
  await mkdir(dir, { recursive: true })
  const temporary = `${path}.${randomUUID()}.new`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(privateKeyToProtobuf(await generateKeyPair('Ed25519')))
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    // a link, unlike a rename, never replaces the key of another process that was faster
    await link(temporary, path)
    await unlink(temporary)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') await unlink(temporary)
    // file systems without links
    else await rename(temporary, path)
  }
  await syncDirectory(dir)
  return await readFile(path)
}

async function syncDirectory(dir: string): Promise<void> {
  // Windows can't, and doesn't need it
  if (process.platform === 'win32') return
  const handle = await open(dir)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function decodeKey(bytes: Uint8Array, path: string): Ed25519PrivateKey {
  const broken = `${path} is not a libp2p Ed25519 key: put back your copy of it, or move it away to start as a new node`
  try {
    const key = privateKeyFromProtobuf(bytes)
    if (key.type === 'Ed25519' && verifySignature(key.publicKey.raw, bytes, signWith(key)(bytes))) return key
  } catch (cause) {
    throw new ShoalError('identity_broken', broken, { cause })
  }
  throw new ShoalError('identity_broken', broken)
}

function identityOf(key: Ed25519PrivateKey): Identity {
  const publicKey = key.publicKey.raw
  return { publicKey, peerId: nameOfPeer(publicKey), privateKey: key, sign: signWith(key) }
}

function signWith(key: Ed25519PrivateKey): (message: Uint8Array) => Uint8Array {
  // libp2p's private keys are the seed and the public key
  const d = Buffer.from(key.raw.subarray(0, KEY_BYTES)).toString('base64url')
  const x = Buffer.from(key.publicKey.raw).toString('base64url')
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' })
  return (message) => new Uint8Array(sign(null, message, privateKey))
}
