import type { Outcome } from '../../protocol/outcomes.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import type { Amounts, DeviceUse, OnAmount } from '../components.ts'
import type { Reading } from '../history/history.ts'
import type { Network } from '../network/network.ts'
import type { AuditEnding } from './auditor.ts'
import type { Ending } from './worker.ts'

/** Milliseconds between two looks at what grows by itself: the processor's time, a device's, what peers were given. */
const LOOK_MS = 1_000
/** Milliseconds over which speeds are told: pairs come in batches, pages in slices. */
const SPEED_MS = 5_000
/** The same of the processor, whose time comes evenly. */
const CPU_MS = 900

/** Everything that is counted since the start of this process; it only grows. */
export interface Totals extends Amounts {
  /** segments that were done here */
  segments: number
  /** audits that were done */
  audits: number
  /** bytes that others were given: blocks, files of models, what the gateway sent */
  served: number
  /** the processor's time that this process took, all threads together */
  cpuSeconds: number
  /** in which its devices had a batch to work on, on the average of them */
  busySeconds: number
}

/** What happens now. */
export interface Speeds {
  /** cores that this process uses */
  cpu: number
  /** in a second: bytes, images, images, pairs, pairs */
  rates: { read: number; fetch: number; decode: number; score: number; kept: number }
  /** bytes a second */
  served: number
}

/** How many there were of each, since the start. */
export interface Endings {
  /** candidates that were fetched for, by outcome */
  outcomes: Partial<Record<Outcome, number>>
  segments: Record<Ending['how'], number>
  audits: Record<Verdict['ruling'] | 'failed', number>
}

export interface Tally {
  onAmount: OnAmount
  onEnd(ending: Ending): void
  onAudit(audit: AuditEnding): void
  totals(): Totals
  endings(): Endings
  /** for the history */
  read(network: Pick<Network, 'peers'>): Promise<Reading>
  speeds(): Speeds
  close(): void
}

/** @param look - what is counted elsewhere: bytes given since the start, and the devices that are open */
export function startTally(
  look: { served: () => Readonly<Record<string, number>>; devices: () => DeviceUse[] },
  { now = () => performance.now(), lookMs = LOOK_MS }: { now?: () => number; lookMs?: number } = {},
): Tally {
  const counts: Partial<Record<keyof Amounts | Outcome, number>> = {}
  const segments: Endings['segments'] = { done: 0, failed: 0, given_up: 0, lost: 0 }
  const audits: Endings['audits'] = { good: 0, unclear: 0, forged: 0, failed: 0 }
  const began = process.cpuUsage()
  /** by device, the seconds that were seen last; they fall where one is closed */
  let devices = new Map<string, number>()
  let busySeconds = 0
  let samples = [{ at: now(), totals: totals() }]

  function totals(): Totals {
    const { user, system } = process.cpuUsage(began)
    return {
      ...{ read: counts.read ?? 0, fetched: counts.fetched ?? 0, decoded: counts.decoded ?? 0 },
      ...{ scored: counts.scored ?? 0, kept: counts.kept ?? 0, segments: segments.done },
      audits: audits.good + audits.unclear + audits.forged,
      ...{ served: sum(look.served()), cpuSeconds: (user + system) / 1e6, busySeconds: countBusy() },
    }
  }

  function countBusy(): number {
    const uses = look.devices()
    const seen = new Map<string, number>()
    for (const { device, busySeconds: seconds } of uses) seen.set(device, (seen.get(device) ?? 0) + seconds)
    let sum = 0
    for (const [device, seconds] of seen) sum += Math.max(0, seconds - (devices.get(device) ?? 0))
    devices = seen
    busySeconds += sum / Math.max(1, uses.length)
    return busySeconds
  }

  const timer = setInterval(() => {
    const at = now()
    samples = [
      ...samples.filter((sample) => at - sample.at <= SPEED_MS + LOOK_MS / 2),
      { at, totals: totals() },
    ]
  }, lookMs).unref()

  /** What a second has brought lately. */
  function speedOf(what: keyof Totals, current: { at: number; totals: Totals }, overMs = SPEED_MS): number {
    const since = samples.findLast(({ at }) => current.at - at >= overMs) ?? samples[0]!
    const seconds = (current.at - since.at) / 1000
    return seconds > 0 ? (current.totals[what] - since.totals[what]) / seconds : 0
  }

  return {
    onAmount(what, by) {
      counts[what] = (counts[what] ?? 0) + by
    },
    onEnd({ how }) {
      segments[how]++
    },
    onAudit(audit) {
      audits[audit.how === 'done' ? audit.ruling : 'failed']++
    },
    endings() {
      const { read: _, fetched: _fetched, decoded: _decoded, scored: _scored, ...outcomes } = counts
      return { outcomes, segments: { ...segments }, audits: { ...audits } }
    },
    totals,
    async read(network) {
      const { length: peers } = await network.peers()
      return { ...totals(), memory: process.memoryUsage.rss(), peers }
    },
    speeds() {
      const current = { at: now(), totals: totals() }
      const speed = (what: keyof Totals) => speedOf(what, current)
      return {
        cpu: speedOf('cpuSeconds', current, CPU_MS),
        rates: {
          ...{ read: speed('read'), fetch: speed('fetched'), decode: speed('decoded') },
          ...{ score: speed('scored'), kept: speed('kept') },
        },
        served: speed('served'),
      }
    },
    close: () => clearInterval(timer),
  }
}

function sum(amounts: Readonly<Record<string, number>>): number {
  return Object.values(amounts).reduce((all, amount) => all + amount, 0)
}
