import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Answers } from '../network/network.ts'

/** Bytes read ahead of a peer that takes them. */
const READ_BYTES = 256 * 1024

interface Place {
  path: string
  /** as it was when it was checked */
  bytes: number
  changedAt: number
}

export interface SharedFiles {
  /** Give further files of a campaign, which have just been checked, to whoever asks: its model's, and its heads'. */
  add(campaign: string, directory: string, files: Campaign['pipeline']['model']['files']): Promise<void>
  remove(campaign: string): void
  read: Answers['file']
  /** bytes that peers took, since the start */
  served(): number
}

/** The files that this node gives to peers: those of its campaigns' models and heads, and nothing else of its disk. */
export function shareFiles(): SharedFiles {
  /** by campaign, then by sha256 */
  const places = new Map<string, Map<string, Place>>()
  let served = 0
  return {
    async add(campaign, directory, files) {
      const found = new Map(places.get(campaign))
      for (const { path, sha256, bytes } of files) {
        const absolute = join(directory, path)
        const { mtimeMs: changedAt } = await stat(absolute)
        found.set(sha256, { path: absolute, bytes, changedAt })
      }
      places.set(campaign, found)
    },
    remove: (campaign) => void places.delete(campaign),
    read(sha256, offset) {
      const place = [...places.values()].find((files) => files.has(sha256))?.get(sha256)
      return place ? count(readRest(place, offset)) : null
    },
    served: () => served,
  }

  async function* count(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      yield piece
      served += piece.length
    }
  }
}

/** Nothing where the file has changed: who gives other bytes than were asked for is shunned. */
async function* readRest({ path, bytes, changedAt }: Place, offset: number): AsyncGenerator<Uint8Array> {
  const now = await stat(path)
  if (now.size !== bytes || now.mtimeMs !== changedAt) return
  yield* createReadStream(path, { start: offset, highWaterMark: READ_BYTES })
}
