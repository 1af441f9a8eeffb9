import { createHash } from 'node:crypto'
import { type FileHandle, open as openFile, rename, rm } from 'node:fs/promises'
import { open, type Signer } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { HASH_BYTES } from '../../protocol/limits.ts'
import { decodeFeed, type Feed, makeFeed } from '../../protocol/records/feed.ts'
import { SUBJECTS } from '../../protocol/records/removal.ts'
import { isPacked } from '../../protocol/rules/hash-set.ts'
import type { Subjects } from '../../protocol/rules/remove.ts'
import { verifySignature } from '../identity.ts'

/** A file begins with it; then come the length of the envelope in two bytes, the envelope, and the hashes. */
const MAGIC = Buffer.from('shoal feed 1\n')
/** Bytes of a feed's envelope: its fields have no more. */
const MAX_ENVELOPE_BYTES = 1024

/** Sign what is removed from a campaign, and write it to a file, which is there whole or as it was. @throws ShoalError `feed_write` */
export async function writeFeed(
  path: string,
  subjects: Subjects,
  { campaign, issued }: Pick<Feed, 'campaign' | 'issued'>,
  signer: Signer,
): Promise<Feed['counts']> {
  const counts = {} as Feed['counts']
  for (const kind of SUBJECTS) counts[kind] = subjects[kind].length / HASH_BYTES
  const { bytes } = await makeFeed({ campaign, issued, counts, digest: digestOf(subjects) }, signer)
  const length = Buffer.from([bytes.length >> 8, bytes.length & 0xff])
  await writeParts(path, [MAGIC, length, bytes, ...SUBJECTS.map((kind) => subjects[kind])])
  return counts
}

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const unfinished = `${path}.unfinished`
  try {
    const file = await openFile(unfinished, 'w')
    try {
      for (const part of parts) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {})
    throw new ShoalError(
      'feed_write',
      `${path} can't be written (${(cause as Error).message}): check the path`,
      {
        cause,
      },
    )
  }
}

/**
 * Read a feed: signature, digest and order are checked. The hashes go to memory that threads can share, once.
 *
 * @throws ShoalError `feed_unreadable`, `feed_broken`; as `decodeFeed`
 */
export async function readFeed(path: string): Promise<{ feed: Feed; subjects: Subjects }> {
  await using file = await openFile(path).catch((cause) => {
    throw new ShoalError('feed_unreadable', `${path} can't be read (${cause.message}): check the path`, {
      cause,
    })
  })
  const head = await readAt(file, 0, MAGIC.length + 2)
  const length = head === null ? 0 : head.readUInt16BE(MAGIC.length)
  if (head === null || !head.subarray(0, MAGIC.length).equals(MAGIC) || length > MAX_ENVELOPE_BYTES)
    throw broken(path, 'it does not begin as one')
  const envelope = await readAt(file, head.length, length)
  if (envelope === null) throw broken(path, 'it ends in its head')
  const feed = decodeFeed(await open(Uint8Array.from(envelope), verifySignature))
  let at = head.length + length
  const total = SUBJECTS.reduce((sum, kind) => sum + feed.counts[kind] * HASH_BYTES, at)
  if ((await file.stat()).size !== total) throw broken(path, 'it has not as many hashes as it says')
  const subjects = {} as Record<keyof Subjects, Uint8Array>
  for (const kind of SUBJECTS) {
    const hashes = new Uint8Array(new SharedArrayBuffer(feed.counts[kind] * HASH_BYTES))
    if (!(await fill(file, hashes, at))) throw broken(path, 'it ends early')
    if (!isPacked(hashes)) throw broken(path, 'its hashes do not ascend')
    subjects[kind] = hashes
    at += hashes.length
  }
  if (Buffer.compare(digestOf(subjects), feed.digest) !== 0)
    throw broken(path, 'its hashes are not those that were signed')
  return { feed, subjects }
}

function broken(path: string, why: string): ShoalError {
  return new ShoalError('feed_broken', `${path} is no whole feed of removals (${why}): get it again`)
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer | null> {
  const bytes = Buffer.alloc(length)
  return (await fill(file, bytes, position)) ? bytes : null
}

async function fill(file: FileHandle, into: Uint8Array, position: number): Promise<boolean> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, into.length - at, position + at)
    if (bytesRead === 0) return false
    at += bytesRead
  }
  return true
}

function digestOf(subjects: Subjects): Uint8Array {
  const sum = createHash('sha256')
  for (const kind of SUBJECTS) sum.update(subjects[kind])
  return new Uint8Array(sum.digest())
}
