import { setImmediate as breathe } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { type Attestation, SCANNED_BY } from '../../protocol/records/attestation.ts'
import { openTable } from '../shard/shard.ts'
import type { Blocks } from '../store/store.ts'

/** What of a row can be looked up in a list. */
export interface ScannedRow {
  url: string
  page_url: string
  md5: string
  sha256: string
  pdq: string | null
}

/** Lists of what must not be published, as they lie on this machine. */
export interface ScanLists {
  lists: readonly Omit<Attestation['lists'][number], 'rows'>[]
  /** whether any of them has the row */
  has(row: ScannedRow): boolean
}

/** A `pairs.parquet`, and whose it is. */
export interface ScannedFile {
  manifest: CID
  cid: CID
  bytes: number
  rows: number
}

export interface Scan {
  rows: number
  /** the lists, and how many of the rows could be looked up in each */
  lists: Attestation['lists']
  /** uids of those that a list has */
  matched: string[]
}

/** Milliseconds after which others have their turn: a PDQ among a million takes some ten. */
const IN_ONE_GO_MS = 20
const COLUMNS = ['uid', 'url', 'page_url', 'md5', 'sha256', 'pdq']

/**
 * Look every row of some files up in lists, a row group at a time.
 *
 * @param onRows - told of rows that have been looked at since the last call
 * @throws ShoalError `shard_*` where a file can't be read, `block_missing`, `block_corrupt`; the signal's reason
 */
export async function scanFiles(
  blocks: Blocks,
  files: readonly ScannedFile[],
  { lists, has }: ScanLists,
  onRows: (rows: number) => void,
  signal: AbortSignal | undefined,
): Promise<Scan> {
  const matched: string[] = []
  let rows = 0
  let withPdq = 0
  let since = performance.now()
  for (const file of files) {
    const table = await openTable(blocks, { ...file, name: 'pairs.parquet' })
    for await (const group of table.groups(COLUMNS)) {
      signal?.throwIfAborted()
      for (const row of group as unknown as (ScannedRow & { uid: string })[]) {
        if (performance.now() - since > IN_ONE_GO_MS) {
          await breathe()
          since = performance.now()
        }
        if (row.pdq !== null) withPdq++
        if (has(row)) matched.push(row.uid)
      }
      rows += group.length
      onRows(group.length)
    }
  }
  const order = (kind: (typeof SCANNED_BY)[number]) => SCANNED_BY.indexOf(kind)
  return {
    ...{ rows, matched },
    lists: lists
      .map((list) => ({ ...list, rows: list.kind === 'pdq' ? withPdq : rows }))
      .sort((a, b) => order(a.kind) - order(b.kind) || Buffer.compare(a.digest, b.digest)),
  }
}
