import type { CID } from 'multiformats/cid'
import { decode } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import { decisive, removalsInForce } from '../../protocol/rules/in-force.ts'
import { MAX_PROVISIONAL_MS } from '../../protocol/timing.ts'
import { verifySignature } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Store } from '../store/store.ts'
import type { Removals, WantedRemoval } from './removals.ts'

/**
 * Sign anew what an earlier version has kept: its removals named no campaign, were all this node's own, and were applied
 * to whatever it released. Where this node is no custodian it may sign them for a while only, and of whole sites none.
 */
export async function adoptEarlier(
  { store, ledger, clock }: { store: Store; ledger: Ledger; clock: () => number },
  removals: Pick<Removals, 'issue' | 'isCustodian'>,
): Promise<void> {
  const campaigns = ledger.campaigns()
  const kept: { id: CID; value: Removal }[] = []
  for await (const envelope of store.removals.values()) {
    const opened = await open(envelope, verifySignature)
    kept.push({ id: opened.id, value: decode(opened.body) as Removal })
  }
  if (kept.length === 0 || campaigns.length === 0) return
  const now = clock()
  const names = new Set(removalsInForce(kept.map(decisive), now).map(({ name }) => name))
  const wanted: WantedRemoval[] = kept
    .filter(({ id }) => names.has(id.toString()))
    .map(({ value: { subject, reason, basis, expires } }) => ({ subject, reason, basis, expires }))
  const latest = now + MAX_PROVISIONAL_MS
  const provisional = wanted
    .filter(({ subject }) => subject.kind !== 'origin')
    .map((one) => ({ ...one, expires: Math.min(one.expires ?? latest, latest) }))
  for (const { id } of campaigns)
    await removals.issue(id, (await removals.isCustodian(id)) ? wanted : provisional)
  await store.removals.clear()
}
