import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { open, type Sealed, type Signer } from '../../protocol/envelope.ts'
import { decodeRemoval, makeRemoval, type Removal } from '../../protocol/records/removal.ts'
import { decisive, removalsInForce } from '../../protocol/rules/in-force.ts'
import { verifySignature } from '../identity.ts'
import type { HeldRemoval } from './held.ts'
import type { WantedRemoval } from './removals.ts'

/**
 * Sign what is wanted, one behind the other on the signer's chain.
 *
 * @param held - all removals of the campaign that are known here
 * @returns what was signed; and for each that was wanted the id of the removal that does it: a new one, or one of the
 *   signer's that does the same already. Null where something is to be taken back that the signer does not remove
 * @throws ShoalError `removal_field`
 */
export async function signWanted(
  signer: Signer,
  campaign: CID,
  held: readonly HeldRemoval[],
  wanted: readonly WantedRemoval[],
  now: number,
): Promise<{ sealed: Sealed[]; ids: (CID | null)[] }> {
  const own = held.filter(({ value }) => equalBytes(value.source, signer.publicKey))
  let last = own.reduce<HeldRemoval | null>(
    (a, b) => (a !== null && a.value.seq >= b.value.seq ? a : b),
    null,
  )
  const names = new Set(removalsInForce(own.map(decisive), now).map(({ name }) => name))
  const inForce = new Map(
    own.filter(({ id }) => names.has(id.toString())).map((one) => [nameOf(one.value.subject), one]),
  )
  const sealed: Sealed[] = []
  const ids: (CID | null)[] = []
  for (const { subject, reason, basis, expires, takeBack = false } of wanted) {
    const name = nameOf(subject)
    const known = inForce.get(name)
    if (takeBack ? known === undefined : known !== undefined && known.value.expires === expires) {
      ids.push(known?.id ?? null)
      continue
    }
    const made = await makeRemoval(
      {
        ...{ campaign, seq: last === null ? 0 : last.value.seq + 1, previous: last?.id ?? null },
        ...{ subject, reason, basis, negates: takeBack ? known!.id : null, issued: now, expires },
      },
      signer,
    )
    last = { id: made.id, value: decodeRemoval(await open(made.bytes, verifySignature)) }
    if (takeBack) inForce.delete(name)
    else inForce.set(name, last)
    sealed.push(made)
    ids.push(made.id)
  }
  return { sealed, ids }
}

function nameOf({ kind, hash }: Removal['subject']): string {
  return `${kind} ${Buffer.from(hash).toString('hex')}`
}
