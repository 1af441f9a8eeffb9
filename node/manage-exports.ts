import type { ShoalError } from '../protocol/errors.ts'
import type { Exports } from './components.ts'
import { exportPairs, type Judge } from './export/export.ts'
import type { Home } from './home.ts'
import { keyOfPeer } from './identity.ts'
import type { Ledger } from './ledger/ledger.ts'
import { openRecords, type Records } from './open-records.ts'
import { parseSource } from './parse-cid.ts'

/**
 * Exports of what lies in a data directory.
 *
 * @param records - of the daemon that has the directory open; null where none does
 * @param clock - milliseconds since 1970
 */
export function manageExports(
  home: Home,
  records: Pick<Records, 'ledger' | 'removals' | 'hiding'> | null,
  clock: () => number,
): Exports {
  return {
    async exportPairs({ cids, signers, ...request }, { signal, onProgress } = {}) {
      const options = {
        ...request,
        ...{ cids: cids.map(parseSource), signers: signers.map(keyOfPeer), now: clock() },
        ...{ signal: signal ?? new AbortController().signal, onProgress: onProgress ?? (() => {}) },
      }
      const opened = records === null ? await openRecords(home, clock) : null
      const { ledger, removals, hiding } = opened ?? records!
      try {
        const { demandFresh } = removals
        return await exportPairs(home, { ...options, judge: judgeBy(ledger), hiding, demandFresh })
      } finally {
        await opened?.close()
      }
    },
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
