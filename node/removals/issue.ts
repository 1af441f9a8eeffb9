import type { CID } from 'multiformats/cid'
import type { Sealed, Signer } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { makeRemoval, ORIGIN_PROOFS, type Removal } from '../../protocol/records/removal.ts'
import { MAX_PROVISIONAL_MS } from '../../protocol/timing.ts'
import type { KnownRemovals } from '../ledger/ledger.ts'
import { chainEnd } from './chain-end.ts'
import type { WantedRemoval } from './removals.ts'

/** What is signed, and the id of what it takes back. */
export interface Signed extends Sealed {
  negates: CID | null
}

/**
 * Sign what is wanted, one behind the other on the signer's chain.
 *
 * @param known - all removals of the campaign that are known here
 * @returns what was signed; and for each that was wanted the id of the removal that does it: a new one, or one of the
 *   signer's that does the same already. Null where something is to be taken back that the signer does not remove
 * @throws ShoalError `removal_field`
 */
export async function signWanted(
  signer: Signer,
  campaign: CID,
  known: KnownRemovals,
  wanted: readonly WantedRemoval[],
  now: number,
): Promise<{ signed: Signed[]; ids: (CID | null)[] }> {
  let { seq, last } = await chainEnd(known, signer.publicKey)
  /** by subject, what this call has changed; null: taken back */
  const changed = new Map<string, { id: CID; expires: number | null } | null>()
  const signed: Signed[] = []
  const ids: (CID | null)[] = []
  for (const { subject, reason, basis, expires, takeBack = false } of wanted) {
    const name = nameOfSubject(subject)
    const before = changed.has(name) ? changed.get(name)! : known.on(subject, signer.publicKey, now)
    if (takeBack ? before === null : before !== null && before.expires === expires) {
      ids.push(before?.id ?? null)
      continue
    }
    const negates = takeBack ? before!.id : null
    const fields = { campaign, seq, previous: last, subject, reason, basis, negates, issued: now, expires }
    const made = await makeRemoval(takeBack ? { ...fields, expires: null } : fields, signer)
    seq++
    last = made.id
    changed.set(name, takeBack ? null : { id: made.id, expires })
    signed.push({ ...made, negates })
    ids.push(made.id)
  }
  return { signed, ids }
}

/** For maps. */
export function nameOfSubject({ kind, hash }: Removal['subject']): string {
  return `${kind} ${Buffer.from(hash).toString('hex')}`
}

/**
 * What who is no custodian may not sign: every node would refuse it.
 *
 * @throws ShoalError `removal_term`, `removal_proof`
 */
export function demandProvisional(wanted: readonly WantedRemoval[], now: number): void {
  for (const { subject, basis, expires, takeBack } of wanted) {
    if (takeBack) continue
    if (expires === null || expires > now + MAX_PROVISIONAL_MS)
      throw new ShoalError(
        'removal_term',
        'only custodians of a campaign remove for more than 30 days: give an end before that, and ask a custodian to confirm it',
      )
    if (subject.kind === 'origin' && !ORIGIN_PROOFS.some((proof) => basis.startsWith(`${proof}:`)))
      throw new ShoalError(
        'removal_proof',
        `only custodians of a campaign remove a whole site without proof: begin the basis with one of ${ORIGIN_PROOFS.map((proof) => `\`${proof}:\``).join(', ')}`,
      )
  }
}
