import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type RemovableRow, removerOf, type Subjects } from '../../protocol/rules/remove.ts'
import type { Row } from '../shard/shard.ts'

/** What is hidden of a campaign. It can go to threads as it is. */
export interface Hidden {
  /** another one for all that is not the same, within this process */
  version: number
  subjects: Subjects
  /** those of them of which nobody is told more than that something is missing */
  secret: Subjects
}

type Hider = (row: RemovableRow) => boolean

/** What it takes to tell is kept, of campaigns that are looked at in turn. */
const kept = new LRUCache<number, { isHidden: Hider; isSecret: Hider }>({ max: 8 })

function lookUp({ version, subjects, secret }: Hidden) {
  const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
  const known = kept.get(version)
  if (known) return known
  const made = { isHidden: removerOf(subjects, sha256), isSecret: removerOf(secret, sha256) }
  kept.set(version, made)
  return made
}

/** Whether a row is hidden. */
export const hiderOf = (hidden: Hidden): Hider => lookUp(hidden).isHidden

/** Whether a row is one of which nobody is told. */
export const secretOf = (hidden: Hidden): Hider => lookUp(hidden).isSecret

export function hidesNothing({ subjects }: Hidden): boolean {
  return Object.values(subjects).every(({ length }) => length === 0)
}

/** A row of a shard's file as far as it matters here; HIDING_COLUMNS have to be read of it. */
export function asRemovable(row: Row): RemovableRow {
  return row as unknown as RemovableRow
}

/** Columns that tell whether a row is hidden: of both files of a shard, and of `pairs.parquet` alone. */
export const OUTCOME_COLUMNS = ['url', 'page_url', 'sha256', 'pdq']
export const HIDING_COLUMNS = [...OUTCOME_COLUMNS, 'uid', 'md5']
