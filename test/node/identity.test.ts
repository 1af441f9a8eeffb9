import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromString } from '@libp2p/peer-id'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadIdentity, verifySignature } from '../../node/identity.ts'
import { codeOf } from '../protocol/fault.ts'

const identity = suite<{ dir: string; file: string }>('identity')

identity.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-identity-'))
  context.file = join(context.dir, 'identity.key')
})
identity.after.each(({ dir }) => rm(dir, { recursive: true }))

identity('is made once and stays', async ({ dir, file }) => {
  const made = await loadIdentity(dir)
  const bytes = await readFile(file)
  const loaded = await loadIdentity(dir)
  assert.equal(loaded.publicKey, made.publicKey)
  assert.is(loaded.peerId, made.peerId)
  assert.equal(await readFile(file), bytes)
  assert.equal(await readdir(dir), ['identity.key'])
})

identity('makes the directory it is to lie in', async ({ dir }) => {
  const made = await loadIdentity(join(dir, 'a', 'b'))
  assert.match(made.peerId, /^12D3Koo/)
})

identity('the file is the owner’s alone', async ({ dir, file }) => {
  await loadIdentity(dir)
  if (process.platform !== 'win32') assert.is((await stat(file)).mode & 0o777, 0o600)
})

identity('is the key libp2p reads from the file', async ({ dir, file }) => {
  const { publicKey, peerId, sign } = await loadIdentity(dir)
  const key = privateKeyFromProtobuf(await readFile(file))
  assert.equal(publicKey, key.publicKey.raw)
  assert.equal(peerIdFromString(peerId).publicKey?.raw, publicKey)
  const message = new Uint8Array([1, 2, 3])
  assert.equal(await sign(message), new Uint8Array(await key.sign(message)))
  assert.ok(await key.publicKey.verify(message, await sign(message)))
})

identity('started many times at once is one identity', async ({ dir }) => {
  const all = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(dir)))
  assert.is(new Set(all.map(({ peerId }) => peerId)).size, 1)
  assert.equal(await readdir(dir), ['identity.key'])
})

identity('a broken file is named and left alone', async ({ dir, file }) => {
  const good = privateKeyToProtobuf(await generateKeyPair('Ed25519'))
  const otherHalf = new Uint8Array(good)
  otherHalf[good.length - 1] = (good.at(-1) as number) ^ 1
  const broken = {
    empty: new Uint8Array(),
    text: Buffer.from('-----BEGIN PRIVATE KEY-----'),
    'cut short': good.subarray(0, -1),
    'a public key that is not of the private': otherHalf,
    'another kind of key': privateKeyToProtobuf(await generateKeyPair('secp256k1')),
  }
  for (const [name, bytes] of Object.entries(broken)) {
    await writeFile(file, bytes)
    assert.is(await codeOf(() => loadIdentity(dir)), 'identity_broken', name)
    assert.equal(new Uint8Array(await readFile(file)), new Uint8Array(bytes), name)
  }
})

identity('a place where no file can lie is named', async ({ dir, file }) => {
  await writeFile(join(dir, 'plain'), '')
  assert.is(await codeOf(() => loadIdentity(join(dir, 'plain'))), 'identity_unreadable')
  assert.is(await codeOf(() => loadIdentity(file.concat('\0'))), 'identity_unreadable')
})

identity('a signature holds for its key and message alone', async ({ dir }) => {
  const { publicKey, sign } = await loadIdentity(dir)
  const other = await loadIdentity(join(dir, 'other'))
  const message = new TextEncoder().encode('kite')
  const sig = await sign(message)
  assert.is(sig.length, 64)
  assert.ok(verifySignature(publicKey, message, sig))
  assert.not(verifySignature(other.publicKey, message, sig))
  assert.not(verifySignature(publicKey, message.subarray(1), sig))
  assert.not(verifySignature(publicKey, message, sig.subarray(1)))
  assert.not(verifySignature(publicKey, message, new Uint8Array([...sig, 0])))
  assert.not(verifySignature(publicKey.subarray(1), message, sig))
  assert.not(verifySignature(new Uint8Array(32).fill(255), message, sig))
  assert.not(verifySignature(publicKey, message, new Uint8Array(64)))
})

// RFC 8032, section 7.1, test 2
identity('agrees with the published example', () => {
  const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
  const key = hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
  const sig = hex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  )
  assert.ok(verifySignature(key, hex('72'), sig))
})

identity.run()
