import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatCount, formatSeconds } from '../numbers.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { output } = context
  const status = await control(context, 'status')
  output.heading(status.peerId)
  output.print(
    `${status.state} for ${formatSeconds(status.seconds)}; ${formatCount(status.peers)} peers, ${formatCount(status.produced)} segments done`,
  )
  for (const work of status.work) {
    const stages = work.stages.map(({ stage, done, total, unit }) => {
      return `${stage} ${formatCount(done)}${total === null ? '' : ` of ${formatCount(total)}`} ${unit}`
    })
    output.print(
      `segment ${work.segment}: ${work.phase === 'claim' ? 'claimed, waiting for others' : 'at work'}`,
    )
    for (const stage of stages) output.print(`  ${stage}`)
  }
  for (const { campaign, name, counts, segments, secondsLeft } of status.campaigns) {
    output.print()
    output.heading(shorten(name, 80))
    output.print(campaign)
    const left = secondsLeft === null ? '' : `; at this pace ${formatSeconds(secondsLeft)} left`
    output.print(
      `${formatCount(counts?.done ?? 0)} of ${formatCount(segments)} segments done, ${formatCount(counts?.held ?? 0)} at work${left}`,
    )
  }
  for (const { segment, code, message } of status.failures)
    output.print(shorten(`segment ${segment} failed (${code}): ${message}`, 80))
  output.emit(status)
}
