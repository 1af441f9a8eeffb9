import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openLedger, verifyInPool } from '../../node/ledger/ledger.ts'
import { openStore } from '../../node/store/store.ts'
import { peakMiB } from './peak-memory.ts'

/** Opens a ledger in a process of its own and judges all its shards, and tells what that took. */
export interface LedgerJudging {
  openSeconds: number
  /** from asking until all is known, in the other thread and here */
  judgeSeconds: number
  /** the longest that the event loop stood still meanwhile */
  stillMs: number
  /** the system's own peak of the whole process */
  judgeMiB: number
  states: Record<string, number>
}

const NS_PER_MS = 1e6

const [dir] = process.argv.slice(2) as [string]
const start = performance.now()
const store = await openStore(dir)
const ledger = await openLedger({ store, verify: verifyInPool, clock: Date.now })
const opened = performance.now()
const delay = monitorEventLoopDelay({ resolution: 2 })
delay.enable()
const [one] = ledger.campaigns()
const { states } = await ledger.judgements(one!.id)
const judged = performance.now()
// the state of every shard is written into its row in one go after that
await new Promise((resolve) => setTimeout(resolve, 50))
delay.disable()
process.send?.({
  openSeconds: (opened - start) / 1000,
  judgeSeconds: (judged - opened) / 1000,
  stillMs: delay.max / NS_PER_MS,
  judgeMiB: peakMiB(),
  states,
} satisfies LedgerJudging)
await ledger.close()
await store.close()
process.disconnect?.()
