import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { encode } from '@ipld/dag-cbor'
import { isFit, type Profile, type ProfiledRow } from '../../protocol/rules/profiles.ts'
import { pairUid } from '../../protocol/uid.ts'
import { asHideable, type Hidden, hiderOf } from '../denied/denied.ts'
import {
  type Cell,
  decodeTable,
  type GroupBytes,
  PAIR_COLUMNS,
  type Row,
  type TableFile,
  type TableWriter,
  writeTable,
} from '../shard/shard.ts'
import { ENTRY_WORDS, KEY_BYTES, KEY_WORDS, PAIRS_ROW_GROUP, REMOVED, UNFIT } from './limits.ts'

/** A row group of a shard's pairs. */
interface GroupTask {
  file: TableFile
  part: GroupBytes
}

export type Task =
  /** what names each row, and whether it falls; names are read from `hash`, or the uid */
  | ({ do: 'scan'; name: 'hash' | 'uid'; hidden: Hidden; profile: Profile } & GroupTask)
  /** of a file of entries, those whose key one of a lower row has: their bits are set */
  | { do: 'resolve'; path: string; duplicates: Int32Array }
  /** of a file of entries, how many keys are in it with rows below `second` alone, from there on alone, and both */
  | { do: 'compare'; path: string; second: number }
  /** write the rows that are kept to a table that is begun with the first of them */
  | ({ do: 'write'; path: string; keep: Uint8Array } & GroupTask)
  | { do: 'finish'; path: string }
  /** a digest of everything in each row */
  | ({ do: 'digest' } & GroupTask)

export interface Scanned {
  /** KEY_BYTES a row */
  keys: Uint8Array
  /** of each row LEFT, REMOVED or UNFIT */
  fell: Uint8Array
}

const tables = new Map<string, TableWriter>()

export default async function work(task: Task): Promise<unknown> {
  switch (task.do) {
    case 'scan':
      return scan(await rowsOf(task), task)
    case 'resolve':
      return resolve(await readEntries(task.path), task.duplicates)
    case 'compare':
      return compare(await readEntries(task.path), task.second)
    case 'write':
      return tableAt(task.path).append(toColumns((await rowsOf(task)).filter((_, i) => task.keep[i] === 1)))
    case 'finish': {
      const rows = tableAt(task.path).finish()
      tables.delete(task.path)
      return rows
    }
    case 'digest':
      return digest(await rowsOf(task))
  }
}

function rowsOf({ file, part }: GroupTask): Promise<Row[]> {
  return decodeTable(file).rows(part)
}

/** A row that bears the name of another is taken out: whoever made it would have that one fall. */
function scan(
  rows: Row[],
  { name, hidden, profile }: Pick<Extract<Task, { do: 'scan' }>, 'name' | 'hidden' | 'profile'>,
): Scanned {
  const isHidden = hiderOf(hidden)
  const keys = Buffer.alloc(rows.length * KEY_BYTES)
  const fell = new Uint8Array(rows.length)
  for (const [i, row] of rows.entries()) {
    const { url, text } = row as Record<string, string>
    keys.write(row[name] as string, i * KEY_BYTES, KEY_BYTES, 'hex')
    if (!isNamedRightly(row) || isHidden(asHideable(row))) fell[i] = REMOVED
    else if (!isFit(profile, row as unknown as ProfiledRow)) fell[i] = UNFIT
    else if (name === 'hash') keys.set(hash('md5', url! + text!, 'buffer'), i * KEY_BYTES)
  }
  return { keys: new Uint8Array(keys.buffer, keys.byteOffset, keys.length), fell }
}

function isNamedRightly(row: Row): boolean {
  const { url, text, warc_path: warcPath, image_ordinal: imageOrdinal } = row as Record<string, never>
  const place = { url: url!, text: text!, warcPath: warcPath!, imageOrdinal: imageOrdinal! }
  const uid = pairUid({ ...place, warcOffset: Number(row.warc_offset) }, (bytes) => hash('sha256', bytes))
  return row.uid === uid && row.hash === hash('md5', `${row.url}${row.text}`)
}

async function readEntries(path: string): Promise<Uint32Array> {
  const bytes = await readFile(path)
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(Uint8Array.from(bytes).buffer)
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4)
}

/** By open addressing: each key's first entry, as far as they are known. */
function startTable(entries: Uint32Array) {
  const count = entries.length / ENTRY_WORDS
  const mask = 2 ** Math.ceil(Math.log2(Math.max(2, 2 * count))) - 1
  const slots = new Int32Array(mask + 1).fill(-1)
  /** @returns the slot of the entry's key, or the free one for it */
  return {
    slots,
    find(entry: number): number {
      const at = entry * ENTRY_WORDS
      // not the word by which entries are divided among files
      for (let slot = entries[at + 1]! & mask; ; slot = (slot + 1) & mask) {
        const other = slots[slot]! * ENTRY_WORDS
        if (other < 0) return slot
        let word = 0
        while (word < KEY_WORDS && entries[at + word] === entries[other + word]) word++
        if (word === KEY_WORDS) return slot
      }
    },
  }
}

function rowAt(entries: Uint32Array, entry: number): number {
  const at = entry * ENTRY_WORDS + KEY_WORDS
  return entries[at]! + entries[at + 1]! * 2 ** 32
}

function resolve(entries: Uint32Array, duplicates: Int32Array): void {
  const { slots, find } = startTable(entries)
  const count = entries.length / ENTRY_WORDS
  for (let entry = 0; entry < count; entry++) {
    const slot = find(entry)
    if (slots[slot]! < 0 || rowAt(entries, entry) < rowAt(entries, slots[slot]!)) slots[slot] = entry
  }
  for (let entry = 0; entry < count; entry++)
    if (slots[find(entry)] !== entry) {
      const row = rowAt(entries, entry)
      Atomics.or(duplicates, Math.floor(row / 32), 1 << (row % 32))
    }
}

function compare(entries: Uint32Array, second: number): { gone: number; came: number; stayed: number } {
  const { slots, find } = startTable(entries)
  const sides = new Uint8Array(slots.length)
  for (let entry = 0; entry < entries.length / ENTRY_WORDS; entry++) {
    const slot = find(entry)
    slots[slot] = entry
    sides[slot]! |= rowAt(entries, entry) < second ? 1 : 2
  }
  const of = (side: number) => sides.reduce((sum, one) => sum + (one === side ? 1 : 0), 0)
  return { gone: of(1), came: of(2), stayed: of(3) }
}

/** Not compressed: compressors differ from version to version, and so would the release's CID. */
function tableAt(path: string): TableWriter {
  const table = tables.get(path) ?? writeTable(path, PAIR_COLUMNS, PAIRS_ROW_GROUP, 'UNCOMPRESSED')
  tables.set(path, table)
  return table
}

function toColumns(rows: Row[]): Cell[][] {
  return PAIR_COLUMNS.map(({ name }) =>
    rows.map((row) => {
      const cell = row[name]!
      return cell instanceof Date ? cell.getTime() : cell
    }),
  )
}

function digest(rows: Row[]): Uint8Array {
  const digests = new Uint8Array(rows.length * KEY_BYTES)
  for (const [i, row] of rows.entries()) {
    const cells = toColumns([row]).map(([cell]) => (typeof cell === 'bigint' ? Number(cell) : cell!))
    digests.set(hash('md5', encode(cells), 'buffer'), i * KEY_BYTES)
  }
  return digests
}
