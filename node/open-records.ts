import { type Denied, denyHeld, type Hiding, openHiding } from './denied/denied.ts'
import type { Home } from './home.ts'
import { type Ledger, openLedger, verifyInPool } from './ledger/ledger.ts'
import { openLog } from './log.ts'
import { openRemovals, type Removals } from './removals/removals.ts'

/** What is known of campaigns, and what is hidden of them. */
export interface Records {
  ledger: Ledger
  removals: Removals
  hiding: Hiding
}

/** The records in a data directory whose daemon is not running. @throws ShoalError as `openLedger` */
export async function openRecords(
  home: Home,
  clock: () => number,
): Promise<Records & { close(): Promise<void> }> {
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock })
  const removals = await openRemovals({ ...home, ledger, clock })
  return {
    ...{ ledger, removals, hiding: openHiding(removals, [home.blocklists, home.feeds]) },
    async close() {
      await removals.close()
      await ledger.close()
    },
  }
}

/** What is denied there, after a look at all that is held. */
export async function openDenied(home: Home, opened: AsyncDisposableStack): Promise<Denied> {
  const records = await openRecords(home, Date.now)
  opened.defer(() => records.close())
  const denied = await denyHeld(home, records.hiding, openLog('silent', 'stderr'))
  opened.defer(() => denied.close())
  await denied.settled()
  return denied
}
