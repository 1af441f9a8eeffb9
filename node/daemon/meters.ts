import { openHistory } from '../history/history.ts'
import type { Home } from '../home.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Network } from '../network/network.ts'
import type { Daemon } from './offers.ts'
import type { DaemonOptions } from './options.ts'
import { makePulse } from './pulse.ts'
import type { People } from './serve-people.ts'
import type { SharedFiles } from './share-files.ts'
import type { Status } from './status.ts'
import { startTally } from './tally.ts'
import { tellMetrics } from './tell-metrics.ts'
import type { Toolbox } from './toolbox.ts'

interface MeterParts {
  home: Home
  network: Network
  shared: SharedFiles
  people: People
  toolbox: Toolbox
  metrics: Metrics
}

/** Count what a node does, and remember it: what its pulse, its history and its metrics are made of. */
export async function startMeters(
  { home, network, shared, people, toolbox: { devices }, metrics }: MeterParts,
  { clock, log, onEnd, onAudit }: DaemonOptions,
) {
  const served = () => ({
    ...{ blocks: network.served(), files: shared.served(), gateway: people.gateway?.served() ?? 0 },
  })
  const tally = startTally({ served, devices })
  const history = await openHistory(home.store.history, () => tally.read(network), { clock, log })
  return {
    onAmount: tally.onAmount,
    onEnd(...told: Parameters<typeof tally.onEnd>): void {
      tally.onEnd(...told)
      onEnd?.(...told)
    },
    onAudit(...told: Parameters<typeof tally.onAudit>): void {
      tally.onAudit(...told)
      onAudit?.(...told)
    },
    offers: (status: () => Promise<Status>): Pick<Daemon, 'pulse' | 'history' | 'metrics'> => ({
      pulse: makePulse({ tally, status, devices, clock }),
      history: history.read,
      metrics: tellMetrics(metrics, { tally, status, devices, served }),
    }),
    async close(): Promise<void> {
      await history.close()
      tally.close()
    },
  }
}
