import { LRUCache } from 'lru-cache'
import { OUTCOMES, type Outcome } from '../../protocol/outcomes.ts'
import type { Frame } from '../../protocol/rules/sample.ts'
import type { AuditedShard } from './job.ts'

type Row = Awaited<ReturnType<AuditedShard['pairs']['readGroup']>>[number]

/** A row of `pairs.parquet` as the shard has it; whatever a stranger wrote. */
export interface SaidPair {
  uid: string
  hash: string
  url: string
  text: string
  width: number
  height: number
  similarity: number
  language: string | null
  license: string | null
  pageUrl: string
  warcPath: string
  warcOffset: number
  warcLength: number
  imageOrdinal: number
  sha256: string
  md5: string
  pdq: string | null
  signals: string[]
  /** ISO 8601 */
  signalsAt: string[]
  tags: string[]
  nsfw: number | null
  watermark: number | null
  faces: number | null
  embedding: ArrayLike<number>
}

/** A row of `outcomes.parquet` with its pair, if there is one. */
export interface SaidOutcome {
  /** in `outcomes.parquet`, from 0 */
  row: number
  url: string
  pageUrl: string
  warcPath: string
  warcOffset: number
  warcLength: number
  imageOrdinal: number
  outcome: Outcome
  similarity: number | null
  sha256: string | null
  pdq: string | null
  sourceOffset: number
  sourceLength: number
  /** where the segment's own file is said to have the image, or null */
  archived: { warcOffset: number; warcLength: number } | null
  pair: SaidPair | null
}

/** A shard's rows by number, read a row group at a time. */
export interface ShardRows {
  /** what is wrong with the tables as a whole, so that no row of them can be right; or null */
  fault: string | null
  /** @returns the row's place in `outcomes.parquet` */
  locate(frame: Exclude<Frame, 'source'>, row: number): number
  read(row: number): Promise<SaidOutcome>
  /** @returns all rows of the record at this byte of the segment, or null where they are too many to look at */
  ofRecord(sourceOffset: number): Promise<SaidOutcome[] | null>
  /** Rows before `end`, in order: their addresses and outcomes alone. */
  addresses(end: number): AsyncGenerator<{ row: number; url: string; outcome: string }>
}

/** Groups of either table in memory at once: a few megabytes each. */
const CACHED_GROUPS = 3
/** Rows that one record may have to be looked at: a page has 10,000 at most, and a gzip member may hold some pages. */
const MAX_RECORD_ROWS = 50_000

/** Read the column that tells kept rows from dropped ones, and the order of the rows; nothing else yet. */
export async function openRows({ manifest, pairs, outcomes }: AuditedShard): Promise<ShardRows> {
  /** of each group: which rows are kept and how many before it, and the records of its first and last row */
  const groups: { kept: Uint8Array; keptBefore: number; first: number; last: number }[] = []
  const counts = new Map<string, number>()
  const crowded = new Set<number>()
  let isOrdered = true
  let last = Number.NEGATIVE_INFINITY
  let ofLast = 0
  for (const index of outcomes.starts.keys()) {
    const rows = await outcomes.readGroup(index, ['outcome', 'source_offset'])
    groups.push({
      kept: Uint8Array.from(rows, ({ outcome }) => Number(outcome === 'kept')),
      keptBefore: counts.get('kept') ?? 0,
      first: Number(rows[0]!.source_offset),
      last: Number(rows.at(-1)!.source_offset),
    })
    for (const { outcome, source_offset } of rows) {
      counts.set(outcome as string, (counts.get(outcome as string) ?? 0) + 1)
      const offset = Number(source_offset)
      isOrdered &&= offset >= last
      ofLast = offset === last ? ofLast + 1 : 1
      if (ofLast > MAX_RECORD_ROWS) crowded.add(offset)
      last = offset
    }
  }
  const cachedOutcomes = cacheGroups(outcomes)
  const cachedPairs = cacheGroups(pairs)
  const startOf = (index: number) => outcomes.starts[index] ?? outcomes.rows

  /** The last group whose value is not above `wanted`. */
  function findGroup(firstOf: (index: number) => number, wanted: number): number {
    let [low, high] = [0, groups.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (firstOf(middle) <= wanted) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Rows of a group from one to before another, counted in the group. */
  async function* readPart(index: number, from: number, to: number): AsyncGenerator<SaidOutcome> {
    const rows = await cachedOutcomes(index)
    const { kept, keptBefore } = groups[index]!
    let ordinal = kept.subarray(0, from).reduce((sum, one) => sum + one, keptBefore)
    for (let i = from; i < to; i++)
      yield toOutcome(rows[i]!, startOf(index) + i, kept[i] ? await readPair(ordinal++) : null)
  }

  async function readPair(ordinal: number): Promise<SaidPair> {
    const { starts } = pairs
    let index = 0
    while (index + 1 < starts.length && starts[index + 1]! <= ordinal) index++
    return toPair((await cachedPairs(index))[ordinal - starts[index]!]!)
  }

  return {
    fault: findFault(manifest.counts, counts, isOrdered),
    locate(frame, row) {
      const isKept = frame === 'kept'
      const before = (index: number) =>
        isKept ? groups[index]!.keptBefore : startOf(index) - groups[index]!.keptBefore
      const index = findGroup(before, row)
      let left = row - before(index)
      return startOf(index) + groups[index]!.kept.findIndex((kept) => kept === Number(isKept) && left-- === 0)
    },
    async read(row) {
      const index = findGroup(startOf, row)
      const at = row - startOf(index)
      for await (const found of readPart(index, at, at + 1)) return found
      throw new RangeError(`there is no row ${row}`)
    },
    async ofRecord(sourceOffset) {
      if (crowded.has(sourceOffset)) return null
      const found: SaidOutcome[] = []
      for (const [index, { first, last: end }] of groups.entries()) {
        if (first > sourceOffset || end < sourceOffset) continue
        const offsets = (await cachedOutcomes(index)).map(({ source_offset }) => Number(source_offset))
        const from = offsets.indexOf(sourceOffset)
        if (from === -1) continue
        const to = offsets.lastIndexOf(sourceOffset) + 1
        for await (const row of readPart(index, from, to)) found.push(row)
      }
      return found
    },
    async *addresses(end) {
      for (const [index] of groups.entries()) {
        if (startOf(index) >= end) return
        const rows = await outcomes.readGroup(index, ['url', 'outcome'])
        for (const [i, { url, outcome }] of rows.entries())
          if (startOf(index) + i < end)
            yield { row: startOf(index) + i, url: url as string, outcome: outcome as string }
      }
    },
  }
}

function cacheGroups(table: AuditedShard['pairs']): (index: number) => Promise<Row[]> {
  const cached = new LRUCache<number, Promise<Row[]>>({ max: CACHED_GROUPS })
  return (index) => {
    const rows = cached.get(index) ?? table.readGroup(index)
    cached.set(index, rows)
    return rows
  }
}

function findFault(
  told: AuditedShard['manifest']['counts'],
  counts: ReadonlyMap<string, number>,
  isOrdered: boolean,
): string | null {
  for (const name of counts.keys())
    if (!Object.hasOwn(OUTCOMES, name)) return `there is no outcome ${name.slice(0, 50)}`
  for (const name of Object.keys(OUTCOMES) as Outcome[])
    if ((told[name] ?? 0) !== (counts.get(name) ?? 0))
      return `${counts.get(name) ?? 0} rows are ${name}, the manifest counts ${told[name] ?? 0}`
  return isOrdered ? null : 'its rows are not in the order of the segment'
}

function toOutcome(row: Row, number: number, pair: SaidPair | null): SaidOutcome {
  const { image_offset: offset, image_length: length } = row
  return {
    row: number,
    url: row.url as string,
    ...placeOf(row),
    outcome: row.outcome as Outcome,
    similarity: row.similarity as number | null,
    sha256: row.sha256 as string | null,
    pdq: row.pdq as string | null,
    sourceOffset: Number(row.source_offset),
    sourceLength: Number(row.source_length),
    archived:
      offset === null && length === null ? null : { warcOffset: Number(offset), warcLength: Number(length) },
    pair,
  }
}

function toPair(row: Row): SaidPair {
  const embedding = row.embedding as Uint8Array
  return {
    ...placeOf(row),
    uid: row.uid as string,
    hash: row.hash as string,
    url: row.url as string,
    text: row.text as string,
    width: row.width as number,
    height: row.height as number,
    similarity: row.similarity as number,
    language: row.language as string | null,
    license: row.license as string | null,
    sha256: row.sha256 as string,
    md5: row.md5 as string,
    pdq: row.pdq as string | null,
    signals: row.signals as string[],
    signalsAt: row.signals_at as string[],
    tags: row.tags as string[],
    nsfw: row.nsfw as number | null,
    watermark: row.watermark as number | null,
    faces: row.faces as number | null,
    embedding: embedding.length % 2 === 0 ? new Float16Array(embedding.slice().buffer) : [],
  }
}

function placeOf(row: Row) {
  return {
    pageUrl: row.page_url as string,
    warcPath: row.warc_path as string,
    warcOffset: Number(row.warc_offset),
    warcLength: Number(row.warc_length),
    imageOrdinal: row.image_ordinal as number,
  }
}
