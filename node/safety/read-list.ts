import { createReadStream } from 'node:fs'
import { ShoalError } from '../../protocol/errors.ts'
import { packHashes } from '../../protocol/rules/hash-set.ts'
import { subjectHash } from '../../protocol/rules/remove.ts'
import { sha256 } from '../sha256.ts'
import { LIST_KINDS, LIST_WIDTHS, type ListKind, type ListSets } from './blocklist.ts'

/** Entries of a list: the largest that are shared among those who look for such images have some millions. */
const MAX_LIST_ENTRIES = 10_000_000
/** Characters of a line: an address, and what else a list's maker writes beside it. */
const MAX_LINE_CHARS = 20_000

/** Entries of one kind as they come. */
interface Growing {
  bytes: Uint8Array
  length: number
}

/**
 * Read a blocklist: JSON, one object a line, `{"kind": "url", "value": "https://…"}`. Addresses and hosts are given as they
 * are or as the hash that a removal names them by, which is what a list says that tells nobody what is on it; hashes of
 * files and PDQs are in hex. Other fields are passed over.
 *
 * @throws ShoalError `blocklist_unreadable`; `blocklist_line`, which names the line and never what is in it;
 *   `blocklist_empty`; `blocklist_large`
 */
export async function readList(file: string): Promise<ListSets> {
  const growing = {} as Record<ListKind, Growing>
  for (const kind of LIST_KINDS) growing[kind] = { bytes: new Uint8Array(0), length: 0 }
  let entries = 0
  for await (const [number, line] of readLines(file)) {
    if (line.trim() === '') continue
    const entry = readEntry(line)
    if (entry === null) throw badLine(file, number)
    if (++entries > MAX_LIST_ENTRIES) {
      throw new ShoalError(
        'blocklist_large',
        `${file} has more than ${MAX_LIST_ENTRIES} entries: split it into several lists`,
      )
    }
    append(growing[entry.kind], entry.bytes)
  }
  if (entries === 0) throw new ShoalError('blocklist_empty', `${file} lists nothing: is it the right file?`)
  const sets = {} as Record<ListKind, Uint8Array>
  for (const kind of LIST_KINDS)
    sets[kind] = packHashes(growing[kind].bytes.subarray(0, growing[kind].length), LIST_WIDTHS[kind])
  return sets
}

function readEntry(line: string): { kind: ListKind; bytes: Uint8Array } | null {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return null
  }
  const { kind, value } = (entry ?? {}) as { kind?: unknown; value?: unknown }
  if (!LIST_KINDS.includes(kind as ListKind) || typeof value !== 'string') return null
  const bytes = readValue(kind as ListKind, value.trim())
  return bytes === null ? null : { kind: kind as ListKind, bytes }
}

function readValue(kind: ListKind, value: string): Uint8Array | null {
  // no address and no host looks like that: a label of a name has 63 characters at most
  if (value.length === 2 * LIST_WIDTHS[kind] && /^[0-9a-f]+$/i.test(value)) return Buffer.from(value, 'hex')
  if (kind === 'url') return subjectHash('url', value, sha256)
  return kind === 'host' ? subjectHash('origin', value, sha256) : null
}

function append(growing: Growing, bytes: Uint8Array): void {
  if (growing.length + bytes.length > growing.bytes.length) {
    const larger = new Uint8Array(Math.max(4096, 2 * growing.bytes.length))
    larger.set(growing.bytes)
    growing.bytes = larger
  }
  growing.bytes.set(bytes, growing.length)
  growing.length += bytes.length
}

async function* readLines(file: string): AsyncGenerator<[number: number, line: string]> {
  let rest = ''
  let number = 0
  try {
    for await (const chunk of createReadStream(file, 'utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) yield [++number, line]
      if (rest.length > MAX_LINE_CHARS) throw badLine(file, number + 1)
    }
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause
    throw new ShoalError('blocklist_unreadable', `can't read ${file} (${(cause as Error).message})`, {
      cause,
    })
  }
  if (rest !== '') yield [++number, rest]
}

function badLine(file: string, number: number): ShoalError {
  return new ShoalError(
    'blocklist_line',
    `line ${number} of ${file} is no entry: write {"kind": …, "value": …}, of the kinds ${LIST_KINDS.join(', ')}`,
  )
}
