import type { Progress, StageProgress } from '../node/components.ts'
import { drawLines, isTerminal } from './live-lines.ts'
import { formatBytes, formatCount, formatRate, formatSeconds } from './numbers.ts'
import type { ProgressView } from './output.ts'
import { createMeter, type Meter } from './rate.ts'
import { shorten, widthOf } from './table.ts'

/** Between two lines where there is no terminal: enough to see that work goes on, little enough for a log. */
const LINE_EVERY_MS = 10_000
const BAR_WIDTH = 22
const LEAST_BAR = 6

/**
 * Bars on a terminal, one a stage; into pipes and files now and then a plain line; with `--json` nothing there.
 *
 * @param stream - standard error: standard output belongs to results
 */
export function startProgress(
  stream: NodeJS.WriteStream,
  options: { json: boolean; plain: boolean },
): ProgressView {
  if (isTerminal(stream) && !options.plain) return drawBars(stream)
  return options.json ? { update() {}, stop() {} } : writeLines((line) => stream.write(`${line}\n`), Date.now)
}

function drawBars(stream: NodeJS.WriteStream): ProgressView {
  const view = drawLines(stream)
  const meters = createMeters(Date.now)
  return {
    update(progress) {
      const width = widthOf(stream)
      const stages = progress.stages.map((stage) => drawStage(stage, meters(progress, stage), width))
      view.show([shorten(nameSegment(progress), width), ...stages])
    },
    stop: view.stop,
  }
}

/** `read     ██████████░░░░░░░░░░░░   42 %     12.3 MB   3.1 MB/s      7 s left` */
export function drawStage(stage: StageProgress, meter: Meter, width: number): string {
  const { done, total } = stage
  const part = total === null || total === 0 ? null : Math.min(1, done / total)
  const percent = part === null ? '' : `${Math.floor(part * 100)} %`
  const rate = meter.rate === null || part === 1 ? '' : `${formatAmount(stage, meter.rate, formatRate)}/s`
  const left = part === 1 ? 'done' : meter.left === null ? '' : `${formatSeconds(meter.left)} left`
  // what a narrow terminal has no room for is left out, the least telling first
  const ends = [
    percent.padStart(5),
    formatAmount(stage, done, formatCount).padStart(10),
    rate.padStart(10),
    left.padStart(15),
  ]
  const fixed = (parts: readonly string[]) => stage.stage.padEnd(7).length + 2 + parts.join(' ').length
  while (ends.length > 1 && fixed(ends) + LEAST_BAR > width) ends.splice(ends.length === 4 ? 2 : -1, 1)
  const size = Math.max(LEAST_BAR, Math.min(BAR_WIDTH, width - fixed(ends)))
  return [stage.stage.padEnd(7), drawBar(part, size), ...ends].join(' ').trimEnd()
}

/** @param part - 0 to 1, or null while unknown */
export function drawBar(part: number | null, size: number): string {
  const full = Math.round((part ?? 0) * size)
  return part === null ? '·'.repeat(size) : '█'.repeat(full) + '░'.repeat(size - full)
}

export function writeLines(write: (line: string) => void, now: () => number): ProgressView {
  const meters = createMeters(now)
  let last = now()
  return {
    update(progress) {
      const parts = progress.stages.map((stage) => describeStage(stage, meters(progress, stage)))
      if (now() - last < LINE_EVERY_MS) return
      last = now()
      write(`${nameSegment(progress)}: ${parts.join(', ')}`)
    },
    stop() {},
  }
}

function describeStage(stage: StageProgress, { rate }: Meter): string {
  const of = stage.total === null ? '' : ` of ${formatAmount(stage, stage.total, formatCount)}`
  const speed = rate === null ? '' : ` (${formatAmount(stage, rate, formatRate)}/s)`
  return `${stage.stage} ${formatAmount(stage, stage.done, formatCount)}${of}${speed}`
}

function formatAmount(stage: StageProgress, amount: number, format: (amount: number) => string): string {
  return stage.unit === 'bytes' ? formatBytes(amount) : format(amount)
}

function nameSegment({ file, segment, segments }: Progress): string {
  const name = shorten(file.replace(/^.*[/\\]/, ''), 50)
  return segments > 1 ? `${name} (${segment + 1} of ${segments})` : name
}

/** One meter a stage, begun anew with each segment. */
function createMeters(now: () => number): (progress: Progress, stage: StageProgress) => Meter {
  const meters = new Map<string, ReturnType<typeof createMeter>>()
  let current = ''
  return (progress, stage) => {
    const segment = `${progress.segment} ${progress.file}`
    if (segment !== current) meters.clear()
    current = segment
    const measure = meters.get(stage.stage) ?? createMeter(now)
    meters.set(stage.stage, measure)
    return measure(stage.done, stage.total)
  }
}
