import { unlinkSync } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { base32upper } from 'multiformats/bases/base32'
import { ShoalError } from '../../protocol/errors.ts'
import { type Marks, makeMarks } from './marks.ts'

export interface SweepOptions {
  /** Find out what is kept. Whatever is asked for or written from now on stays as well. @returns whether a block is */
  mark: () => Promise<(multihash: Uint8Array) => boolean>
  /** milliseconds since 1970: blocks written since then may belong to something unfinished */
  before: number
  signal?: AbortSignal | undefined
}

interface Amount {
  blocks: number
  bytes: number
}

export interface Swept {
  freed: Amount
  /** what nothing keeps, but may be part of something unfinished */
  waiting: Amount
  /** blocks */
  kept: number
}

/** What goes on in a directory of blocks, as far as a sweep has to know. */
export interface Traffic {
  /** A block is asked for. */
  ask(multihash: Uint8Array): void
  /** A block's file is about to be written. @returns to be called when it is there */
  write(multihash: Uint8Array, file: string): () => void
  sweep(dir: string, options: SweepOptions): Promise<Swept>
}

const SUFFIX = '.data'
/** Names read from a directory at once. */
const NAMES = 256

export function watchTraffic(): Traffic {
  const writing = new Map<string, number>()
  let asked: Marks | null = null
  let last: Promise<unknown> = Promise.resolve()

  async function sweep(dir: string, { mark, before, signal }: SweepOptions): Promise<Swept> {
    const swept: Swept = {
      freed: { blocks: 0, bytes: 0 },
      waiting: { blocks: 0, bytes: 0 },
      kept: 0,
    }
    const since = makeMarks()
    asked = since
    try {
      const isKept = await mark()
      for await (const { file, multihash } of listFiles(dir)) {
        signal?.throwIfAborted()
        if (isKept(multihash)) {
          swept.kept++
          continue
        }
        const { size, mtimeMs } = (await stat(file).catch(() => null)) ?? { size: 0, mtimeMs: null }
        if (mtimeMs === null) continue
        // nothing may come between this look and the end of the file, or somebody is told that it is there
        const stays = mtimeMs >= before || since.has(multihash) || writing.has(file)
        if (!stays) unlink(file)
        const amount = stays ? swept.waiting : swept.freed
        amount.blocks++
        amount.bytes += size
      }
      return swept
    } finally {
      asked = null
    }
  }

  return {
    ask: (multihash) => void asked?.add(multihash),
    write(multihash, file) {
      asked?.add(multihash)
      writing.set(file, (writing.get(file) ?? 0) + 1)
      return () => {
        asked?.add(multihash)
        const others = writing.get(file)! - 1
        if (others === 0) writing.delete(file)
        else writing.set(file, others)
      }
    },
    sweep(dir, options) {
      const mine = last.then(() => sweep(dir, options))
      last = mine.catch(() => {})
      return mine
    },
  }
}

async function* listFiles(dir: string): AsyncGenerator<{ file: string; multihash: Uint8Array }> {
  for await (const entry of await opendir(dir)) {
    if (!entry.isDirectory()) continue
    const path = join(dir, entry.name)
    for await (const { name } of await opendir(path, { bufferSize: NAMES })) {
      const multihash = readName(name)
      if (multihash !== null) yield { file: join(path, name), multihash }
    }
  }
}

/** @returns null for a file that is no block's */
function readName(name: string): Uint8Array | null {
  if (!name.endsWith(SUFFIX)) return null
  try {
    return base32upper.decode(name.slice(0, -SUFFIX.length))
  } catch {
    return null
  }
}

function unlink(file: string): void {
  try {
    unlinkSync(file)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    throw new ShoalError(
      'block_delete',
      `can't delete ${file} (${message}): check the directory's permissions`,
      {
        cause,
      },
    )
  }
}
