import { MultiBar, type SingleBar } from 'cli-progress'
import { formatSeconds } from '../numbers.ts'
import { createMeter } from '../rate.ts'
import { shorten } from '../table.ts'
import type { Standing } from './watch-nodes.ts'

const WIDTH = 80
const BAR_WIDTH = 24

/**
 * Show how far the nodes are: on a terminal a bar and a line for each; into pipes and files a line for each segment
 * that is done; with `--json` nothing there.
 */
export function showProgress(
  stream: NodeJS.WriteStream,
  { json, plain }: { json: boolean; plain: boolean },
): { update(standing: Standing): void; stop(): void } {
  if (stream.isTTY && process.env.TERM !== 'dumb' && !plain) return drawLines(stream)
  if (json) return { update() {}, stop() {} }
  return { update: tellDone((line) => stream.write(`${line}\n`)), stop() {} }
}

function drawLines(stream: NodeJS.WriteStream) {
  const bars = new MultiBar({
    ...{ stream, clearOnComplete: true, hideCursor: true, gracefulExit: false, fps: 8 },
    format: (_options, _parameters, payload: { line: string }) => payload.line,
  })
  const shown: SingleBar[] = []
  const describe = describeStanding(Date.now)
  return {
    update(standing: Standing) {
      for (const [i, text] of describe(standing).entries()) {
        const line = shorten(text, Math.min(WIDTH, stream.columns || WIDTH))
        if (shown[i]) shown[i].update(0, { line })
        else shown.push(bars.create(1, 0, { line }))
      }
    },
    stop: () => bars.stop(),
  }
}

/** @returns what makes a bar, and a line for each node, of a standing */
export function describeStanding(now: () => number): (standing: Standing) => string[] {
  const measure = createMeter(now)
  return ({ segments, done, nodes }) => {
    const whole = done.length + nodes.flatMap(({ work }) => work).reduce((sum, one) => sum + partOf(one), 0)
    const { rate, left } = measure(whole, segments)
    const full = Math.round((Math.min(whole, segments) / segments) * BAR_WIDTH)
    const speed = rate === null ? '' : `  ${(rate * 60).toFixed(1)} a minute`
    const end = left === null || left === 0 ? '' : `  ${formatSeconds(left)} left`
    return [
      `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}  ${done.length} of ${segments} segments${speed}${end}`,
      ...nodes.map(({ name, peerId, work, audit }) => {
        const own = done.filter(({ peer }) => peer === peerId).length
        const works = work.map(describeWork)
        if (audit) works.unshift(`audits segment ${audit.segment}`)
        const now = works.join('; ') || 'waiting'
        return `${name}  ${own} done  ${now}`
      }),
    ]
  }
}

type Work = Standing['nodes'][number]['work'][number]

function describeWork({ segment, phase, stages }: Work): string {
  if (phase === 'claim') return `segment ${segment}: claimed`
  const stage = stages.find(({ done, total }) => total === null || done < total) ?? stages.at(-1)
  if (!stage) return `segment ${segment}: starting`
  const of = stage.total === null ? '' : ` of ${stage.total}`
  return `segment ${segment}: ${stage.stage} ${stage.done}${of} ${stage.unit}`
}

/** How much of a segment is done, 0 to 1: after most scores there are slow sites to wait for, and files to write. */
function partOf({ stages }: Work): number {
  if (stages.some(({ stage }) => stage === 'write')) return 0.9
  const score = stages.find(({ stage }) => stage === 'score')
  return score?.total ? Math.min(1, score.done / score.total) / 2 : 0
}

/** @returns what writes a line for each segment that has been done since the last standing, or is to be done again */
export function tellDone(write: (line: string) => void): (standing: Standing) => void {
  const told = new Set<string>()
  return ({ segments, done, shards, nodes }) => {
    const nameOf = (peer: string) => nodes.find(({ peerId }) => peerId === peer)?.name ?? peer
    const tell = (what: string, line: string) => {
      if (!told.has(what)) write(line)
      told.add(what)
    }
    for (const { segment, peer, manifest } of done)
      tell(`${manifest} ${peer}`, `${nameOf(peer)} has done segment ${segment}`)
    for (const { segment, producer, id, state } of shards)
      if (state === 'refused')
        tell(
          `refused ${id}`,
          `segment ${segment} is to be done again: the shard of ${nameOf(producer)} is forged`,
        )
      else if (state === 'verified') tell(`verified ${id}`, `segment ${segment} is verified`)
    const verified = shards.filter(({ state }) => state === 'verified').length
    if (done.length === segments && verified === segments)
      tell('all', `all ${segments} segments are done and verified`)
  }
}
