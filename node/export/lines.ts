/// <reference lib="esnext.float16" />
import { PAIR_COLUMNS, type Row } from '../shard/shard.ts'

/** The embedding makes lines of thousands of characters, which tables of text are not for. */
const CSV_COLUMNS = PAIR_COLUMNS.map(({ name }) => name).filter((name) => name !== 'embedding')

/** RFC 4180, 2.1 and 2.3. */
export const CSV_HEAD = `${CSV_COLUMNS.join(',')}\r\n`

/**
 * A row as RFC 4180 has it: fields with commas, quotes or line ends in quotes. Null is an empty field, an empty text
 * is `""`; lists are JSON, times ISO 8601. U+0000, which many readers take for the end of a text, becomes U+FFFD.
 */
export function toCsv(row: Row): string {
  return `${CSV_COLUMNS.map((name) => csvField(row[name])).join(',')}\r\n`
}

function csvField(value: Row[string] | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  const text = textOf(value).replaceAll('\0', '\ufffd')
  // white space at an edge is data, but some readers trim what stands without quotes
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function textOf(value: string | Date | object): string {
  if (typeof value === 'string') return value
  return value instanceof Date ? timeOf(value) : JSON.stringify(value)
}

/** A row as a JSON object, its embedding as an array of numbers, times in ISO 8601. */
export function toJsonLine({ embedding, warc_offset, warc_length, fetched_at, ...row }: Row): string {
  const object = {
    ...row,
    warc_offset: Number(warc_offset),
    warc_length: Number(warc_length),
    fetched_at: timeOf(fetched_at as Date),
  }
  const bytes = embedding as Uint8Array
  const numbers = Array.from(new Uint16Array(bytes.slice(0, bytes.length & ~1).buffer), nameHalf)
  return `${JSON.stringify(object).slice(0, -1)},"embedding":[${numbers.join(',')}]}\n`
}

/** A stranger's file may have any number for a time. */
function timeOf(time: Date): string {
  return Number.isNaN(time.getTime()) ? '' : time.toISOString()
}

const halves = new Float16Array(1)
const halfBits = new Uint16Array(halves.buffer)
/** By their bits; there are 65,536, and writing one out takes longer than looking it up. */
const names: string[] = []

function nameHalf(bits: number): string {
  halfBits[0] = bits
  // five digits tell every float16 from its neighbours
  return (names[bits] ??= JSON.stringify(Number(halves[0]!.toPrecision(5))))
}
