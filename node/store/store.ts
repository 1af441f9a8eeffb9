import type { AbstractBatchOperation, AbstractSublevel } from 'abstract-level'
import { Level } from 'level'
import { encode } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { PREFIXES } from './prefixes.ts'

export { type Blocks, openBlocks } from './blocks.ts'
export { type FetchBlock, fillBlocks } from './fill-blocks.ts'
export { orderedKey, startingWith } from './keys.ts'
export { type Marks, makeMarks } from './marks.ts'
export { readFile } from './read-file.ts'
export type { Swept } from './sweep.ts'

type Database = Level<Uint8Array, Uint8Array>
/** One prefix of the database: keys and values are bytes, iteration is in the order of the keys' bytes. */
export type Table = AbstractSublevel<Database, string | Buffer | Uint8Array, Uint8Array, Uint8Array>
/** A write for `Store.batch`; `sublevel` names the table: `{ type: 'put', sublevel: store.seen, key, value }`. */
export type Write = AbstractBatchOperation<Database, Uint8Array, Uint8Array>

export interface Store extends Record<Exclude<keyof typeof PREFIXES, 'meta'>, Table> {
  /**
   * Write to several tables at once: all of it or nothing, whenever the process ends.
   * With `sync` it returns when the disk has it, so that a power cut loses nothing either.
   */
  batch(writes: Write[], options?: { sync?: boolean }): Promise<void>
  close(): Promise<void>
}

/**
 * What brings a database from version `i + 1` to `i + 2`. A step may be cut short and run again,
 * so it must come to the same end from any state that it leaves behind.
 */
const MIGRATIONS: ((database: Database) => Promise<void>)[] = [
  // what was fetched when everything was kept stays until it is unpinned
  async (database) => {
    const shards: Table = database.sublevel(PREFIXES.shards, BYTES)
    const pins: Table = database.sublevel(PREFIXES.pins, BYTES)
    const value = encode({ why: 'fetched', since: Date.now(), bytes: null })
    for await (const key of shards.keys()) await pins.put(key, value)
  },
  // the ledger's rows are as they were, but an earlier version would take removals and heads among them for verdicts
  async () => {},
]
const SCHEMA_VERSION = 1 + MIGRATIONS.length
const VERSION_KEY = new TextEncoder().encode('version')
const BYTES = { keyEncoding: 'view', valueEncoding: 'view' } as const

/**
 * Open the node's database, made where there is none. One process at a time.
 *
 * @param dir - its directory
 * @throws ShoalError `store_locked` while another process has it open, `store_newer` where a later version
 *   of Shoal wrote it, `store_foreign` where something else did, `store_open` where it can't be read
 */
export async function openStore(dir: string): Promise<Store> {
  const database: Database = new Level(dir, BYTES)
  try {
    await database.open()
  } catch (error) {
    throw explain(dir, error as Error)
  }
  try {
    await migrate(dir, database)
  } catch (error) {
    await database.close()
    throw error
  }
  const tables = Object.entries(PREFIXES).map(([name, prefix]) => [name, database.sublevel(prefix, BYTES)])
  return {
    ...(Object.fromEntries(tables) as Record<keyof typeof PREFIXES, Table>),
    batch: (writes, options = {}) => database.batch(writes, options),
    close: () => database.close(),
  }
}

async function migrate(dir: string, database: Database): Promise<void> {
  const meta: Table = database.sublevel(PREFIXES.meta, BYTES)
  const stored = await meta.get(VERSION_KEY)
  if (stored === undefined && (await database.keys({ limit: 1 }).all()).length > 0) {
    throw new ShoalError(
      'store_foreign',
      `${dir} holds a database that is not Shoal's: name another directory`,
    )
  }
  let version = stored === undefined ? SCHEMA_VERSION : readVersion(stored)
  if (version > SCHEMA_VERSION) {
    throw new ShoalError(
      'store_newer',
      `${dir} was written by a newer Shoal (data version ${version}, this one knows ${SCHEMA_VERSION}): upgrade Shoal, or name another directory`,
    )
  }
  while (version < SCHEMA_VERSION) {
    await MIGRATIONS[version - 1]?.(database)
    version++
    await meta.put(VERSION_KEY, versionBytes(version))
  }
  if (stored === undefined) await meta.put(VERSION_KEY, versionBytes(version))
}

function versionBytes(version: number): Uint8Array {
  return Uint8Array.of(version >>> 8, version & 0xff)
}

function readVersion(bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
}

function explain(dir: string, error: Error): ShoalError {
  const cause = error.cause as { code?: string; message?: string } | undefined
  return cause?.code === 'LEVEL_LOCKED'
    ? new ShoalError(
        'store_locked',
        `${dir} is in use by another Shoal process: stop that one, or name another directory`,
        { cause: error },
      )
    : new ShoalError(
        'store_open',
        `can't open the database in ${dir} (${cause?.message ?? error.message}): check that the directory is readable and writable, or move it away to start afresh`,
        { cause: error },
      )
}
