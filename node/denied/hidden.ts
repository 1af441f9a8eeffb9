import { hash } from 'node:crypto'
import { type RemovableRow, removerOf, type Subjects } from '../../protocol/rules/remove.ts'
import type { Row } from '../shard/shard.ts'

/** What is hidden of a campaign. It can go to threads as it is. */
export interface Hidden {
  /** another one for all that is not the same, within this process */
  version: number
  subjects: Subjects
}

let latest: { version: number; isHidden: (row: RemovableRow) => boolean } | null = null

/** Whether a row is hidden. What it takes to tell is kept for the next call. */
export function hiderOf({ version, subjects }: Hidden): (row: RemovableRow) => boolean {
  if (latest?.version !== version)
    latest = { version, isHidden: removerOf(subjects, (bytes) => hash('sha256', bytes, 'buffer')) }
  return latest.isHidden
}

export function hidesNothing({ subjects }: Hidden): boolean {
  return Object.values(subjects).every(({ length }) => length === 0)
}

/** A row of a shard's file as far as it matters here; HIDING_COLUMNS have to be read of it. */
export function asRemovable(row: Row): RemovableRow {
  return row as unknown as RemovableRow
}

/** Columns of `pairs.parquet` that tell whether a row is hidden; `outcomes.parquet` has some of them. */
export const HIDING_COLUMNS = ['uid', 'url', 'page_url', 'sha256', 'md5', 'pdq']
