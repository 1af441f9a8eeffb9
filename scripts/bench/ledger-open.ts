import { openLedger, verifyInPool } from '../../node/ledger/ledger.ts'
import { openStore } from '../../node/store/store.ts'
import { peakMiB } from './peak-memory.ts'

/** Opens a ledger in a process of its own, and tells what that took. */
export interface LedgerOpening {
  openSeconds: number
  /** the system's own peak of the whole process */
  openMiB: number
  shards: number
}

const [dir] = process.argv.slice(2) as [string]
const start = performance.now()
const store = await openStore(dir)
const ledger = await openLedger({ store, verify: verifyInPool, clock: Date.now })
const openSeconds = (performance.now() - start) / 1000
const [one] = ledger.campaigns()
const { shards } = ledger.counts(one!.id)
process.send?.({
  openSeconds,
  openMiB: peakMiB(),
  shards,
} satisfies LedgerOpening)
await ledger.close()
await store.close()
process.disconnect?.()
