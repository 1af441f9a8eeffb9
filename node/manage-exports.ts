import type { ShoalError } from '../protocol/errors.ts'
import type { Exports, Progress } from './components.ts'
import { exportPairs, type Judge } from './export/export.ts'
import type { Home } from './home.ts'
import { keyOfPeer } from './identity.ts'
import { type Ledger, openLedger, verifyInPool } from './ledger/ledger.ts'
import { parseSource } from './parse-cid.ts'

/**
 * Exports of what lies in a data directory.
 *
 * @param ledger - of the daemon that has the directory open; null where none does
 * @param clock - milliseconds since 1970
 */
export function manageExports(home: Home, ledger: Ledger | null, clock: () => number): Exports {
  const running = new Map<string, { progress: Progress | null; stop: AbortController }>()
  return {
    async exportPairs({ id, cids, signers, ...request }) {
      const state = { progress: null as Progress | null, stop: new AbortController() }
      const options = {
        ...request,
        ...{ cids: cids.map(parseSource), signers: signers.map(keyOfPeer) },
        ...{ now: clock(), signal: state.stop.signal },
        onProgress: (progress: Progress) => {
          state.progress = progress
        },
      }
      running.set(id, state)
      const open = ledger ?? (await openLedger({ store: home.store, verify: verifyInPool, clock }))
      try {
        return await exportPairs(home, { ...options, judge: judgeBy(open) })
      } finally {
        running.delete(id)
        if (ledger === null) await open.close()
      }
    },
    exportProgress: async (id) => running.get(id)?.progress ?? null,
    stopExport: async (id) => running.get(id)?.stop.abort(),
  }
}

function judgeBy(ledger: Ledger): Judge {
  return async (campaign, record) => {
    try {
      return (await ledger.judgements(campaign)).shard(record)
    } catch (error) {
      if ((error as ShoalError).code === 'campaign_unknown') return null
      throw error
    }
  }
}
