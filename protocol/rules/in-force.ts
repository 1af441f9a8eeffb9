import type { CID } from 'multiformats/cid'
import type { Removal } from '../records/removal.ts'
import { packSubjects, type SubjectKind, type Subjects } from './remove.ts'

/** What of a removal decides whether it is in force, and what then falls. */
export interface Decisive {
  id: CID
  value: Pick<Removal, 'source' | 'subject' | 'negates' | 'expires'>
}

/**
 * The removals that are in force: those that are not over, and that their own source has not taken back. What takes back
 * removes nothing, and nothing takes it back in turn.
 *
 * @param removals - of one campaign, in any order
 * @param now - milliseconds since 1970
 */
export function removalsInForce<One extends Decisive>(removals: Iterable<One>, now: number): One[] {
  const all = [...removals]
  const negated = new Set(
    all.flatMap(({ value }) => (value.negates === null ? [] : `${value.negates} ${value.source.join()}`)),
  )
  return all.filter(
    ({ id, value: { source, negates, expires } }) =>
      negates === null && (expires === null || now < expires) && !negated.has(`${id} ${source.join()}`),
  )
}

/** The subjects of the removals that are in force, see `removalsInForce`. */
export function subjectsInForce(removals: Iterable<Decisive>, now: number): Subjects {
  const hashes: Record<SubjectKind, Uint8Array[]> = { pair: [], url: [], origin: [], image: [] }
  for (const { value } of removalsInForce(removals, now)) hashes[value.subject.kind].push(value.subject.hash)
  return packSubjects(hashes)
}
