import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import type { Network } from '../network/network.ts'
import type { Removals } from '../removals/removals.ts'
import type { Membership } from './membership.ts'
import { visitCampaign } from './visit-campaign.ts'

interface Parts {
  home: Home
  ledger: Ledger
  network: Network
  membership: Pick<Membership, 'refresh'>
}

/** Have removals told to others, and asked for: of members where this node is one, else on a visit. @returns what ends it */
export function connectRemovals(
  removals: Removals,
  { home, ledger, network, membership }: Parts,
  { clock, log }: { clock: () => number; log: Log },
): () => void {
  const ending = new AbortController()
  const options = { clock, log, signal: ending.signal }
  removals.connect({
    publish: network.publish,
    refresh: (id) =>
      ledger.campaigns().some((one) => one.id.equals(id))
        ? membership.refresh(id)
        : visitCampaign({ home, network }, id, options, async (_, told) => told > 0),
  })
  return () => ending.abort()
}
