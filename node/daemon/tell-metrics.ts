import type { DeviceUse } from '../components.ts'
import type { Metrics, MetricsText } from '../metrics/metrics.ts'
import type { Status } from './status.ts'
import type { Tally } from './tally.ts'

const STATES: readonly Status['state'][] = ['working', 'resting', 'paused', 'draining', 'full']

/** @returns what answers Prometheus, at any time */
export function tellMetrics(
  metrics: Metrics,
  parts: {
    tally: Tally
    status: () => Promise<Status>
    devices: () => DeviceUse[]
    /** bytes that others were given, by what gave them */
    served: () => Record<string, number>
  },
): () => Promise<MetricsText> {
  return async () => {
    const { version, state, peers, work, audits, replicas, campaigns } = await parts.status()
    return metrics.write({
      ...{ version, peers, replicas, devices: parts.devices(), served: parts.served() },
      states: Object.fromEntries(STATES.map((one) => [one, one === state])),
      ...{ amounts: parts.tally.totals(), ...parts.tally.endings() },
      ...{ segmentsAtWork: work.length, auditsWaiting: audits.waiting, auditSeconds: audits.seconds },
      campaigns: campaigns.flatMap(({ campaign, counts }) =>
        counts === null
          ? []
          : {
              ...{ campaign, peers: counts.peers, shards: counts.states },
              segments: { free: counts.free, held: counts.held, done: counts.done },
            },
      ),
    })
  }
}
