import type { Removal } from '../records/removal.ts'
import { MAX_HEAD_MS, SKEW_MS } from '../timing.ts'
import { packSubjects, type SubjectKind, type Subjects } from './remove.ts'

/** What of a removal decides whether it is in force, and what then falls. */
export interface Decisive<Name> {
  /** stands for its id */
  name: Name
  /** stands for its source's key */
  source: string | number
  subject: Removal['subject']
  /** stands for the id of what it takes back */
  negates: Name | null
  expires: number | null
}

/** A removal as a whole, for the rules below. */
export function decisive({ id, value }: { id: { toString(): string }; value: Removal }): Decisive<string> {
  const { source, subject, negates, expires } = value
  return {
    ...{ name: id.toString(), source: source.join(), subject, expires },
    negates: negates === null ? null : negates.toString(),
  }
}

/**
 * The removals that are in force: those that are not over, and that their own source has not taken back. What takes back
 * removes nothing, and nothing takes it back in turn.
 *
 * @param removals - of one campaign, in any order
 * @param now - milliseconds since 1970
 */
export function removalsInForce<Name, One extends Decisive<Name>>(
  removals: Iterable<One & Decisive<Name>>,
  now: number,
): One[] {
  const byName = new Map<Name, One>()
  for (const one of removals) byName.set(one.name, one)
  const takenBack = new Set<Name>()
  for (const { source, negates } of byName.values())
    if (negates !== null && byName.get(negates)?.source === source) takenBack.add(negates)
  return [...byName.values()].filter(
    ({ name, negates, expires }) =>
      negates === null && (expires === null || now < expires) && !takenBack.has(name),
  )
}

/** The subjects of the removals that are in force, see `removalsInForce`. */
export function subjectsInForce<Name>(removals: Iterable<Decisive<Name>>, now: number): Subjects {
  const hashes: Record<SubjectKind, Uint8Array[]> = { pair: [], url: [], origin: [], image: [] }
  for (const { subject } of removalsInForce(removals, now)) hashes[subject.kind].push(subject.hash)
  return packSubjects(hashes)
}

/**
 * Whether a removal is forgotten: it has been over for so long that no head that is not stale speaks of it.
 *
 * @param now - milliseconds since 1970
 */
export function isForgotten({ expires }: Pick<Removal, 'expires'>, now: number): boolean {
  return expires !== null && now >= expires + MAX_HEAD_MS + 2 * SKEW_MS
}
