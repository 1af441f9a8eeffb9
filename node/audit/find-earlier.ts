import type { Outcome } from '../../protocol/outcomes.ts'
import type { SegmentRecords } from '../components.ts'
import { cutAddress } from '../shard/shard.ts'
import type { Found } from './compare-record.ts'
import type { SaidOutcome, ShardRows } from './read-rows.ts'

/** Earlier rows with one address that are looked at: as many texts as an image has on the pages of one segment. */
const MAX_EARLIER = 16
/** Rows with these have no page's leave to be first, or are not first themselves. */
const NEVER_FIRST: ReadonlySet<string> = new Set<Outcome>([
  'url_invalid',
  'url_scheme',
  'url_long',
  'url_extension',
  'text_short',
  'text_long',
  'text_words',
  'language',
  'optout_page',
  'duplicate',
  'withheld',
  'quarantined',
])

/** By row: earlier rows that have its address and may have its text; null for too many to look at. */
export type EarlierRows = ReadonlyMap<number, number[] | null>

/** Read the addresses of a shard once, for all rows that are looked at. */
export async function findEarlier(rows: ShardRows, looked: readonly SaidOutcome[]): Promise<EarlierRows> {
  const wanted = new Map<string, { row: number; earlier: number[] | null }[]>()
  for (const { row, url, outcome } of looked)
    if (outcome === 'duplicate' || !NEVER_FIRST.has(outcome))
      wanted.set(url, [...(wanted.get(url) ?? []), { row, earlier: [] }])
  if (wanted.size === 0) return new Map()
  const end = looked.reduce((most, { row }) => Math.max(most, row), 0)
  for await (const { row, url, outcome } of rows.addresses(end)) {
    if (NEVER_FIRST.has(outcome)) continue
    for (const one of wanted.get(url) ?? [])
      if (row < one.row && one.earlier !== null) {
        one.earlier.push(row)
        if (one.earlier.length > MAX_EARLIER) one.earlier = null
      }
  }
  return new Map([...wanted.values()].flat().map(({ row, earlier }) => [row, earlier]))
}

/**
 * Whether the candidate's address and text came earlier in the segment, as the archive has it.
 *
 * @returns null where that is too much to find out, or of no matter
 */
export async function isRepeated(
  said: SaidOutcome,
  { candidate }: Found,
  { earlier, rows, records }: { earlier: EarlierRows; rows: ShardRows; records: SegmentRecords },
): Promise<boolean | null> {
  const others = earlier.get(said.row)
  // whoever has met a pair in another segment drops every one of it
  if (!others || said.outcome === 'duplicate_elsewhere') return null
  for (const number of others) {
    const other = await rows.read(number)
    const record = await records.extractAt({ offset: other.sourceOffset, length: other.sourceLength })
    const pages = record?.pages.filter(({ url }) => cutAddress(url).toWellFormed() === other.pageUrl) ?? []
    const found = pages
      .flatMap(({ candidates }) => candidates)
      .find(({ ordinal }) => ordinal === other.imageOrdinal)
    if (found?.outcome === null && found.url === candidate.url && found.text === candidate.text) return true
  }
  return false
}
