import { packSubjects, rootOf, type SubjectKind, type Subjects } from '../../protocol/rules/remove.ts'
import type { KnownRemovals } from '../ledger/ledger.ts'
import { sha256 } from '../sha256.ts'

/** The subjects of removals that are in force. */
export function subjectsOf(inForce: ReturnType<KnownRemovals['inForce']>): Subjects {
  const hashes: Record<SubjectKind, Uint8Array[]> = { pair: [], url: [], origin: [], image: [] }
  for (const { subject } of inForce) hashes[subject.kind].push(subject.hash)
  return packSubjects(hashes)
}

/** The root of removals that are in force, see `rootOf`. */
export function rootOfRemovals(inForce: ReturnType<KnownRemovals['inForce']>): Uint8Array | null {
  return rootOf(subjectsOf(inForce), sha256)
}
