import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Amounts, DeviceUse } from '../components.ts'

/** What is told of a node, as it is at one moment; counts are since the start of its process. */
export interface Facts {
  version: string
  /** each state a node can be in, and whether it is */
  states: Readonly<Record<string, boolean>>
  peers: number
  amounts: Amounts
  /** how many candidates ended in each outcome */
  outcomes: Readonly<Record<string, number>>
  /** how many segments, and audits, ended in each way */
  segments: Readonly<Record<string, number>>
  audits: Readonly<Record<string, number>>
  auditSeconds: number
  /** bytes that others were given, by what gave them */
  served: Readonly<Record<string, number>>
  segmentsAtWork: number
  auditsWaiting: number
  replicas: { shards: number; bytes: number }
  devices: readonly DeviceUse[]
  campaigns: readonly CampaignFacts[]
}

export interface CampaignFacts {
  /** CID */
  campaign: string
  segments: Readonly<Record<string, number>>
  shards: Readonly<Record<string, number>>
  /** active in the last day */
  peers: number
}

/** Of a counter or gauge with labels, each of their values with its number. */
type Values = number | [labels: Record<string, string>, value: number][]

interface Measure {
  name: string
  help: string
  labels?: readonly string[]
  of(facts: Facts): Values
}

/**
 * Named as is usual: base units, `_total` for what only grows. A label's values are few and this node's own to choose:
 * neither peers nor hosts.
 *
 * @see https://prometheus.io/docs/practices/naming/
 */
const COUNTERS: readonly Measure[] = [
  {
    name: 'shoal_read_bytes_total',
    help: 'Bytes of segments read, as stored',
    of: ({ amounts }) => amounts.read,
  },
  {
    name: 'shoal_fetched_images_total',
    help: 'Images asked for, whether or not they came',
    of: ({ amounts }) => amounts.fetched,
  },
  {
    name: 'shoal_decoded_images_total',
    help: 'Images that came and were decoded, or could not be',
    of: ({ amounts }) => amounts.decoded,
  },
  {
    name: 'shoal_scored_pairs_total',
    help: 'Pairs scored',
    of: ({ amounts }) => amounts.scored,
  },
  {
    name: 'shoal_kept_pairs_total',
    help: 'Pairs that passed everything',
    of: ({ amounts }) => amounts.kept,
  },
  {
    name: 'shoal_candidates_total',
    help: 'Candidates that were fetched for, by what became of them',
    labels: ['outcome'],
    of: ({ outcomes }) => labelled('outcome', outcomes),
  },
  {
    name: 'shoal_segments_total',
    help: 'Segments that ended here, by how',
    labels: ['result'],
    of: ({ segments }) => labelled('result', segments),
  },
  {
    name: 'shoal_audits_total',
    help: 'Audits that ended here, by ruling, or failed to be tried again',
    labels: ['result'],
    of: ({ audits }) => labelled('result', audits),
  },
  {
    name: 'shoal_audit_seconds_total',
    help: 'Time that audits took',
    of: ({ auditSeconds }) => auditSeconds,
  },
  {
    name: 'shoal_served_bytes_total',
    help: 'Bytes that others were given: blocks and models by peers, anything by the gateway',
    labels: ['by'],
    of: ({ served }) => labelled('by', served),
  },
  {
    name: 'shoal_device_pairs_total',
    help: 'Pairs that a device scored since it was opened',
    labels: ['device'],
    of: ({ devices }) => devicesBy(devices, ({ pairs }) => pairs),
  },
  {
    name: 'shoal_device_busy_seconds_total',
    help: 'Time that a device had a batch to work on since it was opened',
    labels: ['device'],
    of: ({ devices }) => devicesBy(devices, ({ busySeconds }) => busySeconds),
  },
]

const GAUGES: readonly Measure[] = [
  {
    name: 'shoal_info',
    help: 'Always 1',
    labels: ['version'],
    of: ({ version }) => [[{ version }, 1]],
  },
  {
    name: 'shoal_state',
    help: '1 for the state that the node is in',
    labels: ['state'],
    of: ({ states }) =>
      Object.entries(states).map(([state, isIt]) => [{ state }, Number(isIt)] as [{ state: string }, number]),
  },
  { name: 'shoal_peers', help: 'Peers that are connected', of: ({ peers }) => peers },
  { name: 'shoal_segments_active', help: 'Segments at work', of: ({ segmentsAtWork }) => segmentsAtWork },
  {
    name: 'shoal_audits_waiting',
    help: 'Audits that are due and wait',
    of: ({ auditsWaiting }) => auditsWaiting,
  },
  {
    name: 'shoal_replicas',
    help: 'Shards of others kept for their sake',
    of: ({ replicas }) => replicas.shards,
  },
  {
    name: 'shoal_replica_bytes',
    help: 'Bytes of shards of others kept for their sake',
    of: ({ replicas }) => replicas.bytes,
  },
  {
    name: 'shoal_device_batch_pairs',
    help: 'Most pairs of one batch of a device',
    labels: ['device'],
    of: ({ devices }) => devices.map(({ device, batch }) => [{ device }, batch]),
  },
  {
    name: 'shoal_campaign_segments',
    help: 'Segments of a campaign by state, as this node knows it',
    labels: ['campaign', 'state'],
    of: ({ campaigns }) => campaignsBy(campaigns, ({ segments }) => segments),
  },
  {
    name: 'shoal_campaign_shards',
    help: 'Shards of a campaign by state, as this node knows it',
    labels: ['campaign', 'state'],
    of: ({ campaigns }) => campaignsBy(campaigns, ({ shards }) => shards),
  },
  {
    name: 'shoal_campaign_peers',
    help: 'Peers active in a campaign in the last day',
    labels: ['campaign'],
    of: ({ campaigns }) => campaigns.map(({ campaign, peers }) => [{ campaign }, peers]),
  },
]

/** What a scraper is answered. */
export interface MetricsText {
  /** of its content */
  type: string
  text: string
}

export interface Metrics {
  /** where others put what they count */
  registry: Registry
  /** All of it, in Prometheus' text format. */
  write(facts: Facts): Promise<MetricsText>
}

/** Metrics for Prometheus. Those of the process are taken from the first time on that somebody asks for them. */
export function openMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const counters = COUNTERS.map(({ of, name, help, labels: labelNames = [] }) => ({
    ...{ of, metric: new Counter({ name, help, labelNames, registers }) },
  }))
  const gauges = GAUGES.map(({ of, name, help, labels: labelNames = [] }) => ({
    ...{ of, metric: new Gauge({ name, help, labelNames, registers }) },
  }))
  let isAsked = false
  return {
    registry,
    async write(facts) {
      if (!isAsked) collectDefaultMetrics({ register: registry })
      isAsked = true
      for (const { of, metric } of [...counters, ...gauges]) {
        metric.reset()
        const values = of(facts)
        if (typeof values === 'number') metric.inc(values)
        else for (const [labels, value] of values) metric.inc(labels, value)
      }
      return { type: registry.contentType, text: await registry.metrics() }
    },
  }
}

function labelled(
  label: string,
  values: Readonly<Record<string, number>>,
): [Record<string, string>, number][] {
  return Object.entries(values).map(([name, value]) => [{ [label]: name }, value])
}

function devicesBy(
  devices: readonly DeviceUse[],
  count: (use: DeviceUse) => number,
): [Record<string, string>, number][] {
  return devices.map((use) => [{ device: use.device }, count(use)])
}

function campaignsBy(
  campaigns: readonly CampaignFacts[],
  count: (facts: CampaignFacts) => Readonly<Record<string, number>>,
): [Record<string, string>, number][] {
  return campaigns.flatMap((facts) =>
    Object.entries(count(facts)).map(
      ([state, value]) => [{ campaign: facts.campaign, state }, value] as [Record<string, string>, number],
    ),
  )
}
