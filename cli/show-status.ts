import wrapAnsi from 'wrap-ansi'
import type { StageProgress } from '../node/components.ts'
import type { AuditOutlook, Status } from '../node/daemon/daemon.ts'
import type { ShardState } from '../protocol/rules/quorum.ts'
import { cleanLine } from './clean.ts'
import { formatBytes, formatCount, formatSeconds, formatThings } from './numbers.ts'
import type { Output } from './output.ts'
import { drawBar, drawStage } from './progress.ts'
import { createMeter, type Meter } from './rate.ts'
import { suggest } from './suggest.ts'
import { shorten } from './table.ts'

const WIDTH = 80
const BAR_WIDTH = 22
/** Reasons of failures that are told, and segments of each; `--json` has them all. */
const MAX_REASONS = 4
const MAX_FAILURES = 8

/** What each state means, and a command that changes it. */
const STATES: Readonly<Record<Status['state'], { means: string; next?: string }>> = {
  working: { means: 'working' },
  resting: { means: 'resting until its hours begin' },
  paused: { means: 'paused; to go on:', next: 'resume' },
  draining: { means: 'draining: it finishes what is at work, then stops' },
  full: {
    means: 'full: it takes as much disk as it may; stop it, and give it more:',
    next: 'start --disk SIZE',
  },
}

/** The whole of `shoal status`. @param data - as it was typed, for what to type next */
export function showStatus(output: Output, status: Status, data: string | undefined): void {
  /** @param next - a command, which stands on a line of its own to be copied */
  const say = (text: string, next?: string) => {
    for (const line of wrap(text)) output.print(line)
    if (next !== undefined) output.print(`  ${suggest(next, data)}`)
  }
  output.heading(`Node ${status.peerId}`)
  say(STATES[status.state].means, STATES[status.state].next)
  say(
    `${formatThings(status.produced, 'segment')} done in ${formatSeconds(status.seconds)} since the start, ${formatThings(status.peers, 'peer')}`,
  )
  if (status.audits.done > 0)
    say(
      `${formatThings(status.audits.done, 'shard')} of others audited, which took ${formatSeconds(status.audits.seconds)}`,
    )
  const kept = describeReplicas(status.replicas)
  if (kept !== null) say(kept)
  say(`limits: ${describeLimits(status.limits)}`)
  if (status.gateway !== null) say(`gateway: ${status.gateway}`)
  if (status.peers === 0)
    say('No peer is connected. Wait for one to call, or stop it and name one:', 'start --peer ADDRESS')
  for (const campaign of status.campaigns) {
    output.print()
    output.heading(shorten(campaign.name, WIDTH))
    output.print(campaign.campaign)
    for (const line of describeCampaign(campaign)) output.print(line)
  }
  if (status.campaigns.length === 0) {
    output.print()
    say('It takes part in no campaign yet:', 'campaign join CID')
  }
  output.print()
  output.heading('Now')
  const unmeasured = () => ({ rate: null, left: null })
  const work = [...describeWork(status, unmeasured, WIDTH), ...describeAudits(status, unmeasured, WIDTH)]
  for (const line of work) output.print(line)
  if (work.length === 0) say('nothing is at work')
  if (status.failures.length === 0) return
  output.print()
  output.heading('Failed here lately; others may take them, this node tries again later')
  // many segments mostly fail for one reason
  const reasons = Object.groupBy(status.failures, ({ code, message }) => `${code}: ${cleanLine(message)}`)
  const told = Object.entries(reasons).slice(0, MAX_REASONS)
  for (const [reason, failures = []] of told) {
    const segments = failures.slice(0, MAX_FAILURES).map(({ segment }) => segment)
    const more = failures.length - segments.length
    say(`segment ${segments.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`)
    for (const line of wrap(reason, WIDTH - 2)) output.print(`  ${line}`)
  }
  if (told.length < Object.keys(reasons).length) say('and more:', 'status --json')
}

/** What `shoal start` draws while it runs. */
export function makeLiveStatus(now: () => number): (status: Status, width: number) => string[] {
  const meters = new Map<string, ReturnType<typeof createMeter>>()
  return (status, width) => {
    const seen = new Set<string>()
    const measure = (name: string, { done, total }: StageProgress) => {
      seen.add(name)
      const meter = meters.get(name) ?? createMeter(now)
      meters.set(name, meter)
      return meter(done, total)
    }
    const lines = [
      ...describeWork(status, measure, Math.min(width, WIDTH)),
      ...describeAudits(status, measure, Math.min(width, WIDTH)),
      ...status.campaigns.flatMap((campaign) => [
        shorten(campaign.name, width),
        ...describeCampaign(campaign),
      ]),
      `${status.state}, ${formatThings(status.peers, 'peer')}, ${formatThings(status.produced, 'segment')} done here since the start`,
    ]
    for (const name of meters.keys()) if (!seen.has(name)) meters.delete(name)
    return lines.map((line) => shorten(line, width))
  }
}

/** `3 shards of others kept for them, 1.2 GB of 20.0 GB`; null where there is nothing to say */
function describeReplicas({ shards, bytes, maxBytes, current }: Status['replicas']): string | null {
  if (shards === 0 && maxBytes === null) return null
  const most = maxBytes === null ? '' : ` of ${formatBytes(maxBytes)}`
  const next =
    current === null ? '' : `; one more comes, ${formatBytes(current.done)} of ${formatBytes(current.bytes)}`
  return `${formatThings(shards, 'shard')} of others replicated, ${formatBytes(bytes)}${most}${next}`
}

function describeLimits(limits: Status['limits']): string {
  const { segments, threads, hours, bytesPerSecond, diskBytes, offline } = limits
  return [
    `${formatThings(segments, 'segment')} at once`,
    formatThings(threads, 'thread'),
    hours === null ? 'all day' : `from ${hours.from}:00 to ${hours.to}:00`,
    bytesPerSecond === null ? null : `${formatBytes(bytesPerSecond)}/s from the web`,
    diskBytes === null ? null : `${formatBytes(diskBytes)} of disk`,
    offline ? 'no web' : null,
  ]
    .filter((limit) => limit !== null)
    .join(', ')
}

function describeCampaign(campaign: Status['campaigns'][number]): string[] {
  const { counts, segments, secondsLeft, preparing, trouble, audit, outlook } = campaign
  const { done = 0, held = 0, peers = 0 } = counts ?? {}
  const part = segments === 0 ? 1 : done / segments
  const left = secondsLeft === null || done >= segments ? '' : `, about ${formatSeconds(secondsLeft)} left`
  return [
    `${drawBar(part, BAR_WIDTH)} ${Math.floor(part * 100)} %${left}`,
    `${formatCount(done)} of ${formatThings(segments, 'segment')} done, ${formatCount(held)} at work; ${formatThings(peers, 'node')} in the last day`,
    ...(counts === null || counts.shards === 0 ? [] : [describeStates(counts.states)]),
    ...wrap(describeCost(audit, outlook)),
    ...(preparing === null
      ? []
      : [`its model comes: ${formatBytes(preparing.done)} of ${formatBytes(preparing.total)}`]),
    ...(trouble === null ? [] : wrap(`it is not worked on, and tried again: ${cleanLine(trouble)}`)),
  ]
}

/** `12 verified, 3 unaudited` */
export function describeStates(states: Record<ShardState, number>): string {
  const parts = Object.entries(states).filter(([, count]) => count > 0)
  return parts.length === 0
    ? 'no shards yet'
    : parts.map(([state, count]) => `${formatCount(count)} ${state}`).join(', ')
}

/** What audits cost, by the campaign's rules and by the records that its nodes have. */
function describeCost(
  { verifiers, samples }: Status['campaigns'][number]['audit'],
  outlook: AuditOutlook | null,
): string {
  const each = `audits: ${formatThings(verifiers, 'verifier')} x ${formatThings(samples, 'row')} a shard`
  if (outlook === null || outlook.trusted === 0) return each
  const { trusted, expected } = outlook
  return `${each}, fewer for ${formatThings(trusted, 'node')} with a record: ${expected.toFixed(1)} on average`
}

/** The audit at work, and how many wait. */
function describeAudits(
  { audits }: Status,
  measure: (name: string, stage: StageProgress) => Meter,
  width: number,
) {
  const { current, demanded, waiting } = audits
  const works = [...(current === null ? [] : [current]), ...demanded]
  const lines = works.flatMap(({ segment, manifest, done, total }, i) => {
    const stage = { stage: 'audit', done, total: total === 0 ? null : total, unit: 'rows' } as const
    const more = i === 0 && current !== null && waiting > 0 ? `; ${formatCount(waiting)} more wait` : ''
    return [
      shorten(
        `audit of segment ${segment}: ${total === 0 ? 'fetches the shard' : 'looks at rows'}${more}`,
        width,
      ),
      `  ${drawStage(stage, measure(`${manifest} audit`, stage), width - 2)}`,
    ]
  })
  return works.length === 0 && waiting > 0 ? [`${formatThings(waiting, 'audit')} due`] : lines
}

/** Two or more lines for each segment that is at work. */
function describeWork(
  { work, campaigns }: Status,
  measure: (name: string, stage: StageProgress) => Meter,
  width: number,
): string[] {
  return work.flatMap(({ campaign, segment, phase, stages }) => {
    const name = campaigns.find((one) => one.campaign === campaign)?.name ?? campaign
    const doing = phase === 'claim' ? 'claimed; waits whether another node was first' : 'at work'
    return [
      shorten(`segment ${segment} of ${shorten(name, 25)}: ${doing}`, width),
      ...stages.map(
        (stage) =>
          `  ${drawStage(stage, measure(`${campaign} ${segment} ${stage.stage}`, stage), width - 2)}`,
      ),
    ]
  })
}

function wrap(text: string, width = WIDTH): string[] {
  return wrapAnsi(text, width, { hard: true }).split('\n')
}
