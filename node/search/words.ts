import { hash } from 'node:crypto'
import type { Row } from '../shard/shard.ts'

const HASHES = ['uid', 'sha256', 'md5', 'pdq', 'hash'] as const
/** Labels of a host's name that count, from its end: hostile names have a hundred. */
const MAX_LABELS = 8

/** What a row is asked for by, as people write it. */
export interface Wanted {
  kind: 'url' | 'domain' | 'hash'
  value: string
}

/** Everything that a row can be found by. */
export function wordsOf(row: Row): string[] {
  const { url, page_url } = row as Record<string, string>
  const hashes = HASHES.map((name) => row[name]).filter((value) => typeof value === 'string')
  return [
    ...new Set([
      nameAddress(url!),
      nameAddress(page_url!),
      ...sitesOf(url!),
      ...sitesOf(page_url!),
      ...hashes,
    ]),
  ]
}

/** The one word that rows of this kind are found by. */
export function wordOf({ kind, value }: Wanted): string {
  if (kind === 'hash') return value.toLowerCase()
  if (kind === 'url') return nameAddress(value)
  const address = /^https?:/i.test(value) ? value : `http://${value}`
  return URL.parse(address)?.hostname.replace(/(?<=.)\.$/, '') ?? value
}

/** Words are looked up by 32 bits: whoever finds a row compares it with what was wanted. */
export function keyOf(word: string): number {
  return hash('sha256', word, 'buffer').readUInt32LE(0)
}

/** @returns which of its columns is what was wanted, or null */
export function matchOf(row: Row, wanted: Wanted): string | null {
  const word = wordOf(wanted)
  if (wanted.kind === 'hash') return HASHES.find((name) => row[name] === word) ?? null
  const namesOf = wanted.kind === 'url' ? (address: string) => [nameAddress(address)] : sitesOf
  return ['url', 'page_url'].find((name) => namesOf(row[name] as string).includes(word)) ?? null
}

/** Who asks for an address means it over http and https alike, and wherever on the page it leads. */
function nameAddress(address: string): string {
  const url = URL.parse(address)
  return url === null ? address : `${url.host}${url.pathname}${url.search}`
}

/** The host of an address, and those above it that have a dot; an IP address stands for itself alone. */
function sitesOf(address: string): string[] {
  const host = URL.parse(address)?.hostname.replace(/(?<=.)\.$/, '') ?? ''
  if (host === '' || /^\[|^[\d.]+$/.test(host)) return host === '' ? [] : [host]
  const labels = host.split('.')
  const from = Math.max(0, labels.length - MAX_LABELS)
  const above = labels.slice(from, -1).map((_, i) => labels.slice(from + i).join('.'))
  return [...new Set([host, ...above])]
}
