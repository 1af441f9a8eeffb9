import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'

/** Where an export is written before it is complete. */
export interface Destination {
  /** a directory of its own beside the one that is meant */
  dir: string
  /** the one file in it, or null for any number of them */
  file: string | null
  /** path of the card in the end */
  card: string
  /** Put all under its name: the card comes last. */
  complete(): Promise<void>
  /** Take away what is unfinished; harmless after `complete`. */
  discard(): Promise<void>
}

export const CARD = 'README.md'
/** The list of shards that were written, of a directory. */
export const SHARD_LIST = 'shards.tsv'
/** In the card's head, by which an earlier export is known. */
export const CARD_MARK = '- shoal-export'

/**
 * Make a place for an export's files. An older export of that name is replaced when the new one is complete; a
 * directory with anything else in it is refused.
 *
 * @throws ShoalError `export_exists`, `export_write`
 */
export async function openDestination(out: string, isFile: boolean): Promise<Destination> {
  const found = await stat(out).catch(() => null)
  if (isFile && found?.isDirectory())
    throw new ShoalError('export_exists', `${out} is a directory: name a file in it`)
  if (!isFile && found !== null) await demandOwn(out, found.isDirectory())
  const dir = `${out}.${randomUUID()}.unfinished`
  await mkdir(dir).catch((cause) => {
    throw failToWrite(out, cause)
  })
  const card = isFile ? `${out}.${CARD}` : join(out, CARD)
  const file = isFile ? 'pairs' : null
  return {
    dir,
    file,
    card,
    async complete() {
      try {
        if (file !== null) {
          await rename(join(dir, file), out)
          await rename(join(dir, CARD), card)
        } else await swap(dir, out)
      } catch (cause) {
        throw failToWrite(out, cause as Error)
      }
      await rm(dir, { recursive: true, force: true })
    },
    discard: () => rm(dir, { recursive: true, force: true }),
  }
}

export function failToWrite(path: string, cause: Error): ShoalError {
  return new ShoalError(
    'export_write',
    `can't write ${path}: ${cause.message}: name a place in a directory that exists and has room`,
    { cause },
  )
}

async function demandOwn(out: string, isDirectory: boolean): Promise<void> {
  if (!isDirectory)
    throw new ShoalError(
      'export_exists',
      `${out} is a file: name a directory, or a file that ends in .parquet, .jsonl or .csv`,
    )
  const names = await readdir(out)
  if (names.length === 0) return
  const head = await readFile(join(out, CARD), 'utf8').catch(() => '')
  const isOurs =
    head.slice(0, 4_096).includes(CARD_MARK) &&
    names.every(
      (name) => name === CARD || name === SHARD_LIST || /^pairs(-\d{5,})?\.(parquet|jsonl|csv)$/.test(name),
    )
  if (!isOurs)
    throw new ShoalError(
      'export_exists',
      `${out} has other files in it than an export's: name a directory that is empty or not there`,
    )
}

async function swap(dir: string, out: string): Promise<void> {
  const old = `${out}.${randomUUID()}.replaced`
  const hasOld = await rename(out, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  await rename(dir, out)
  if (hasOld) await rm(old, { recursive: true, force: true })
}
