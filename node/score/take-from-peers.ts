import { createWriteStream } from 'node:fs'
import { appendFile, mkdir, rename, rm, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { hashFile, type ModelFile } from './model-files.ts'

/** Somebody who may have the files of a model. */
export interface ModelPeer {
  /** for messages */
  id: string
  /** a file from an offset on, or nothing; it is hostile until its hash is known */
  read(sha256: string, offset: number): AsyncIterable<Uint8Array>
}

export interface TakeOptions {
  /** whom to ask, one after the other; looked for as they are needed */
  peers: () => AsyncIterable<ModelPeer>
  /** told of a peer of which it is certain that it gave other bytes than those with this hash */
  onLie?: ((peer: string, reason: string) => void) | undefined
  /** told of the bytes on the disk */
  onBytes?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** All peers are asked anew this often, as long as something came. */
const MAX_ROUNDS = 5

/**
 * Get one file from peers by way of `path.part`, which stays where it breaks off: the next peer, or the next run, goes
 * on from there. Only what has the length and the hash comes to lie at `path`.
 *
 * @returns null when it is there, else why it is not: what became of each peer that was asked
 * @throws what the disk does, and the signal's reason
 */
export async function takeFromPeers(
  file: ModelFile,
  path: string,
  { peers, onLie, onBytes, signal }: TakeOptions,
): Promise<string[] | null> {
  const part = `${path}.part`
  await mkdir(dirname(path), { recursive: true })
  await appendFile(part, '')
  if (await settle(file, part, path)) return null
  const reasons = new Map<string, string>()
  /** asked no more: they lack it, or what they give is not it */
  const left = new Set<string>()
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = await sizeOf(part)
    for await (const peer of peers()) {
      if (left.has(peer.id)) continue
      // what it adds to may be another's lie: if the whole is not the file, it gets the chance to give all of it
      for (let isWhole = false; !isWhole; ) {
        signal?.throwIfAborted()
        const start = await sizeOf(part)
        isWhole = start === 0
        const { bytes, broke } = await append(peer, file, part, start, onBytes)
        signal?.throwIfAborted()
        if (bytes === file.bytes) {
          if (await settle(file, part, path)) return null
          if (!isWhole) continue
          reasons.set(peer.id, 'what it gave has another hash')
          onLie?.(peer.id, `${file.path}: what it gave has another hash`)
        } else if (broke !== null) {
          reasons.set(peer.id, broke)
          break
        } else {
          // an honest peer does so where the campaign states a wrong length
          await truncate(part, start)
          const what = bytes > file.bytes ? 'more bytes' : 'fewer bytes'
          reasons.set(peer.id, bytes === start ? 'it lacks it' : `${what} than the campaign states`)
        }
        left.add(peer.id)
        break
      }
    }
    if ((await sizeOf(part)) <= before) break
  }
  return [...reasons].map(([peer, reason]) => `${peer}: ${reason}`)
}

/**
 * Append what a peer gives, at most one message more than the file has.
 *
 * @returns the length it would come to, and why it ended without saying that it did
 */
async function append(
  peer: ModelPeer,
  file: ModelFile,
  part: string,
  start: number,
  onBytes: TakeOptions['onBytes'],
): Promise<{ bytes: number; broke: string | null }> {
  let bytes = start
  let broke: string | null = null
  async function* take() {
    try {
      for await (const piece of peer.read(file.sha256, start)) {
        bytes += piece.length
        if (bytes > file.bytes) return
        yield piece
        onBytes?.(bytes)
      }
    } catch (error) {
      broke = (error as Error).message
    }
  }
  await pipeline(take, createWriteStream(part, { flags: 'a' }))
  return { bytes, broke }
}

/** Put a part in its place where it is the file; where it never will be, take it away. */
async function settle(file: ModelFile, part: string, path: string): Promise<boolean> {
  const bytes = await sizeOf(part)
  if (bytes < file.bytes) return false
  if (bytes === file.bytes && (await hashFile(part)).sha256 === file.sha256) {
    await rename(part, path)
    return true
  }
  await rm(part)
  await appendFile(part, '')
  return false
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size
}
