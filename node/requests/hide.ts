import type { Signer } from '../../protocol/envelope.ts'
import { MAX_CAMPAIGNS_ASKED } from '../../protocol/limits.ts'
import { basisOf, makeReceipt, type Proof, type Receipt } from '../../protocol/records/receipt.ts'
import { ANSWER_MS, MAX_PROVISIONAL_MS } from '../../protocol/timing.ts'
import { nameOfSubject, type Removals, type WantedRemoval } from '../removals/removals.ts'
import type { Store } from '../store/store.ts'
import type { KnownRemovals, keepKnown } from './known-removals.ts'
import { readSubject, type Subject } from './read-subject.ts'
import { readAllStored, type StoredRequest, writeStored } from './stored.ts'

interface HideParts {
  store: Store
  signer: Signer
  removals: Removals
  clock: () => number
}

/** What a request was receipted for before, and which of what is proven is to be hidden anew. */
interface Before {
  receipt: Receipt | null
  renewed: readonly boolean[]
}

type Hidden = Receipt['subjects'][number]

/**
 * What a request does: things are hidden for a while, and where they are proven and this node is a custodian, removed for
 * good. What was hidden once without a proof is not hidden so again: that would come to be for good as well, and nobody
 * had looked at it.
 */
export async function startHiding(
  { store, signer, removals, clock }: HideParts,
  known: ReturnType<typeof keepKnown>,
) {
  const hiddenBefore = new Set<string>()
  const note = (subject: Pick<Subject, 'kind' | 'hash'>, proof: Proof) => {
    if (proof === 'none' && subject.kind !== 'origin') hiddenBefore.add(nameOfSubject(subject))
  }
  for await (const [, { asked, proofs }] of readAllStored(store.requests))
    for (const [i, subject] of asked.map(readSubject).entries()) note(subject, proofs[i]!)

  function isDue({ kind, hash, proof }: Hidden, place: number, here: KnownRemovals, before: Before): boolean {
    const inForce = here.of({ kind, hash }).filter(({ isInForce }) => isInForce)
    if (inForce.some(({ value }) => value.expires === null)) return false
    if (proof === 'none')
      return kind !== 'origin' && before.receipt === null && !hiddenBefore.has(nameOfSubject({ kind, hash }))
    return before.renewed[place] || before.receipt?.subjects[place]?.proof !== proof
  }

  /** Sign the removals, then a receipt that names them, and keep the request with it. */
  return async (request: string, one: Omit<StoredRequest, 'receipt'>, before: Before): Promise<void> => {
    const now = clock()
    const { reason, received, proofs } = one
    const subjects: Hidden[] = one.asked.map(readSubject).map(({ kind, hash }, i) => ({
      ...{ kind, hash, proof: proofs[i]!, removals: before.receipt?.subjects[i]?.removals ?? [] },
    }))
    for await (const here of known.all()) {
      const { campaign } = here
      const due = subjects.filter((subject, i) => isDue(subject, i, here, before))
      if (due.length === 0) continue
      const isCustodian = await removals.isCustodian(campaign)
      const wanted = due.map(({ kind, hash, proof }): WantedRemoval => {
        const expires = isCustodian && proof !== 'none' ? null : now + MAX_PROVISIONAL_MS
        return { subject: { kind, hash }, reason, basis: basisOf(proof, request), expires }
      })
      const { ids } = await removals.issue(campaign, wanted)
      known.forget(campaign)
      for (const [i, subject] of due.entries()) {
        const others = subject.removals.filter((other) => !other.campaign.equals(campaign))
        // who has crawled much alone has many campaigns: all of them hide it, and the receipt names the first
        if (ids[i] && others.length < MAX_CAMPAIGNS_ASKED)
          subject.removals = [...others, { campaign, removal: ids[i] }]
      }
    }
    for (const subject of subjects) note(subject, subject.proof)
    const { bytes: receipt } = await makeReceipt(
      {
        ...{ request, subjects, reason, received, deadline: received + ANSWER_MS },
        issued: Math.max(now, received),
      },
      signer,
    )
    await writeStored(store.requests, request, { ...one, receipt })
  }
}
