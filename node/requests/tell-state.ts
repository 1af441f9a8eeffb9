import type { CID } from 'multiformats/cid'
import type { Proof } from '../../protocol/records/receipt.ts'
import { readBasis } from '../../protocol/records/receipt.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import type { SubjectKind } from '../../protocol/rules/remove.ts'
import { nameOfSubject } from '../removals/removals.ts'
import type { KnownRemovals } from './known-removals.ts'

/**
 * What became of one thing that was asked for: `waiting`, nothing is done before something is proven; `hidden`, for a
 * while; `removed`, for good; `refused`, by a custodian at this very node, and hidden until its time is over; `over`: it
 * was hidden, and nobody has confirmed it.
 */
export type Fate = 'waiting' | 'hidden' | 'removed' | 'refused' | 'over'

export interface SubjectState {
  kind: SubjectKind
  /** as it was asked for; null at nodes that did not take the request: they know the hash alone */
  value: string | null
  /** lower-case hex */
  hash: string
  /** that this node has found, or others say to have found */
  proof: Proof
  /** in the campaign where least was done */
  fate: Fate
  /** till when it is hidden, milliseconds since 1970; null where it is not, or for good */
  until: number | null
  campaigns: { campaign: string; name: string; fate: Fate; until: number | null }[]
}

/** From what is done least to what is done most. */
const ORDER: readonly Fate[] = ['over', 'waiting', 'refused', 'hidden', 'removed']

/** @param rejected - ids of removals that a custodian at this node has refused */
export function tellState(
  { kind, value, hash, proof }: { kind: SubjectKind; value: string | null; hash: Uint8Array; proof: Proof },
  known: readonly KnownRemovals[],
  rejected: ReadonlySet<string>,
): SubjectState {
  const campaigns = known.map((one) => {
    const all = one.of({ kind, hash })
    const { fate, until } = judge(all, rejected)
    return { campaign: one.campaign.toString(), name: one.name, fate, until }
  })
  const least = campaigns.toSorted(
    (a, b) => ORDER.indexOf(a.fate) - ORDER.indexOf(b.fate) || (a.until ?? Infinity) - (b.until ?? Infinity),
  )[0]
  return {
    ...{ kind, value, hash: Buffer.from(hash).toString('hex'), proof },
    ...{ fate: least?.fate ?? 'waiting', until: least?.until ?? null, campaigns },
  }
}

function judge(
  all: readonly { id: CID; value: Removal; isInForce: boolean }[],
  rejected: ReadonlySet<string>,
): { fate: Fate; until: number | null } {
  const inForce = all.filter(({ isInForce }) => isInForce)
  if (inForce.some(({ value }) => value.expires === null)) return { fate: 'removed', until: null }
  if (inForce.length > 0) {
    const until = Math.max(...inForce.map(({ value }) => value.expires!))
    return { fate: inForce.every(({ id }) => rejected.has(id.toString())) ? 'refused' : 'hidden', until }
  }
  return { fate: all.some(({ value }) => value.negates === null) ? 'over' : 'waiting', until: null }
}

/** What others' removals say of a request that another node took. */
export function readSubjects(request: string, known: readonly KnownRemovals[]) {
  const found = new Map<
    string,
    { kind: SubjectKind; value: null; hash: Uint8Array; proof: Proof; at: number; removal: Removal }
  >()
  for (const one of known)
    for (const { value: removal } of one.askedBy(request)) {
      if (removal.negates !== null) continue
      const said = readBasis(removal.basis)!.proof
      // who confirms does not say what was proven; but what is confirmed outlasts what was asked for
      const [proof, at] = said === 'confirmed' ? (['none', -1] as const) : [said, removal.issued]
      const before = found.get(nameOfSubject(removal.subject))
      if (before && before.at >= at) continue
      found.set(nameOfSubject(removal.subject), { ...removal.subject, value: null, proof, at, removal })
    }
  return [...found.values()]
}
