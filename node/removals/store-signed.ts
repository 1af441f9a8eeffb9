import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { type Ledger, noticeKey } from '../ledger/ledger.ts'
import type { Store } from '../store/store.ts'
import type { Signed } from './issue.ts'

/** Removals that are told at once; of more the rest goes by sync, so that no flood of one node keeps others from telling. */
const MAX_TOLD = 50

interface Parts {
  store: Store
  /** null for a campaign that this node takes no part in */
  ledger: Ledger | null
  network?: { publish(campaign: CID, bytes: Uint8Array): Promise<unknown> } | undefined
}

/** Put what was signed where it belongs, and tell it. */
export async function storeSigned(
  { store, ledger, network }: Parts,
  campaign: CID,
  signed: readonly Signed[],
): Promise<void> {
  if (ledger === null) {
    const writes = signed.map(({ id, bytes }) => ({
      ...{ type: 'put' as const, sublevel: store.notices, key: noticeKey(campaign, id), value: bytes },
    }))
    return store.batch(writes, { sync: true })
  }
  let together: Promise<void>[] = []
  let ids = new Set<string>()
  for (const { id, bytes, negates } of signed) {
    // what takes back comes after what it takes back
    if (negates !== null && ids.has(negates.toString())) {
      await Promise.all(together)
      together = []
      ids = new Set()
    }
    together.push(add(ledger, bytes))
    ids.add(id.toString())
  }
  await Promise.all(together)
  // whoever is not reached learns it by sync
  void Promise.allSettled(signed.slice(0, MAX_TOLD).map(({ bytes }) => network?.publish(campaign, bytes)))
}

async function add(ledger: Ledger, bytes: Uint8Array): Promise<void> {
  const { verdict, code, id } = await ledger.add(bytes, 'own')
  if (verdict !== 'accept' && code !== 'record_known')
    throw new ShoalError(code, `removal ${id} was not taken into this node's ledger: check its clock`)
}
