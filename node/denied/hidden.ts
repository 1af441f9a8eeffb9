import { LRUCache } from 'lru-cache'
import { type RemovableRow, removerOf, type Subjects } from '../../protocol/rules/remove.ts'
import { type ListSets, uniteLists } from '../safety/safety.ts'
import { sha256 } from '../sha256.ts'
import type { Row, RowHider } from '../shard/shard.ts'

/** What is hidden of a campaign. It can go to threads as it is. */
export interface Hidden {
  /** another one for all that is not the same, within this process */
  version: number
  subjects: readonly Subjects[]
  /** subjects of which nobody is told more than that something is missing */
  secret: readonly Subjects[]
  /** and those of the owner's lists, of which files and pictures have other hashes than removals */
  lists: readonly ListSets[]
}

let version = 0

export function hide(
  subjects: readonly Subjects[],
  { secret = [], lists = [] }: Partial<Pick<Hidden, 'secret' | 'lists'>> = {},
): Hidden {
  return { version: ++version, subjects, secret, lists }
}

/** For whoever wants to see every row. */
export const NOTHING_HIDDEN: Hidden = hide([])

/** What of a row can be hidden. */
export interface HideableRow extends RemovableRow {
  /** in hex; absent from `outcomes.parquet` */
  md5?: string | null
  pdq?: string | null
}

type Hider = (row: HideableRow) => boolean

/** What it takes to tell is kept, of campaigns that are looked at in turn. */
const kept = new LRUCache<number, { isHidden: Hider; isSecret: Hider }>({ max: 8 })

function lookUp({ version, subjects, secret, lists }: Hidden) {
  const known = kept.get(version)
  if (known) return known
  const [isRemoved, isSafety] = [removerOf([...subjects, ...secret], sha256), removerOf(secret, sha256)]
  const isListed = lookUpLists(lists)
  const made = {
    isHidden: (row: HideableRow) => isRemoved(row) || isListed(row),
    isSecret: (row: HideableRow) => isSafety(row) || isListed(row),
  }
  kept.set(version, made)
  return made
}

/** Whether a row is hidden. */
export const hiderOf = (hidden: Hidden): Hider => lookUp(hidden).isHidden

/** Whether a row is one of which nobody is told. */
export const secretOf = (hidden: Hidden): Hider => lookUp(hidden).isSecret

/** By what is no subject of removals: the others of a list are among those. */
function lookUpLists(lists: readonly ListSets[]): Hider {
  if (lists.every(({ md5, pdq }) => md5.length + pdq.length === 0)) return () => false
  const listed = uniteLists(lists)
  return ({ md5, pdq }) =>
    (typeof md5 === 'string' &&
      listed.hasFile((kind) => (kind === 'md5' ? Buffer.from(md5, 'hex') : null))) ||
    (typeof pdq === 'string' && listed.hasPicture(pdq))
}

export function hidesNothing({ subjects, secret, lists }: Hidden): boolean {
  return [...subjects, ...secret, ...lists]
    .flatMap((sets) => Object.values(sets))
    .every(({ length }) => length === 0)
}

/** A row of a shard's file as far as it matters here; `hidingColumns` have to be read of it. */
export function asHideable(row: Row): HideableRow {
  return row as unknown as HideableRow
}

/** For whoever reads rows one by one. */
export function rowHider(hidden: Hidden): RowHider {
  const isHidden = hiderOf(hidden)
  return { columns: hidingColumns(hidden), isHidden: (row) => isHidden(asHideable(row)) }
}

/** Columns of `pairs.parquet` that tell whether a row is hidden: those by which anything is. */
export function hidingColumns({ subjects, secret, lists }: Hidden): string[] {
  const all = [...subjects, ...secret]
  const has = (kind: keyof Subjects) => all.some((one) => one[kind].length > 0)
  const needs = {
    uid: has('pair'),
    url: has('url') || has('origin'),
    page_url: has('origin'),
    sha256: has('image'),
    md5: lists.some(({ md5 }) => md5.length > 0),
    pdq: lists.some(({ pdq }) => pdq.length > 0),
  }
  return Object.entries(needs).flatMap(([column, isNeeded]) => (isNeeded ? column : []))
}
