import type { PeerRecord } from '../../node/daemon/daemon.ts'
import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatCount, formatThings } from '../numbers.ts'
import { shorten } from '../table.ts'

/** Nodes for a person; with `--json` they are all there. */
const ROWS = 40
/** Offences told of one node among others. */
const MOST = 3

const OFFENCES: Readonly<Record<PeerRecord['offences'][number]['code'], string>> = {
  shard_forged: 'its shard is forged',
  shard_fork: 'it signed two shards in one place of its chain',
  verdict_fork: 'it signed two verdicts on this shard',
  accused_falsely: 'it accused this shard of what others refute',
  passed_forged: 'it passed a row of this shard that is proven forged',
}

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const records = await control(context, 'standings', args[0] ?? null)
  if (output.json) {
    for (const standing of records) output.emit({ standing })
    return output.emit({ listed: records.length })
  }
  if (records.length === 0)
    return output.print('Nothing is known of any node yet: standing comes with verified shards.')
  const { campaigns } = await control(context, 'status')
  const shown = records.slice(0, options.lines ?? ROWS)
  for (const { campaign, name } of campaigns) {
    const ofCampaign = shown.filter((record) => record.campaign === campaign)
    if (ofCampaign.length === 0) continue
    output.heading(shorten(name, 80))
    output.print(campaign)
    for (const { peer, own, valid, needed, offences, shards } of ofCampaign) {
      output.print()
      output.print(own ? `${peer}, this node` : peer)
      const states = Object.entries(shards).map(([state, count]) => `${formatCount(count)} ${state}`)
      output.print(`  shards: ${states.length === 0 ? 'none' : states.join(', ')}`)
      output.print(
        offences.length === 0
          ? `  ${formatCount(valid)} valid in a row; its next needs ${formatThings(needed, 'verifier')}`
          : `  zeroed: its verdicts don't count; ${formatCount(valid)} valid shards in a row since`,
      )
      const most = args[0] === undefined ? MOST : offences.length
      for (const { code, segment, manifest } of offences.slice(0, most)) {
        output.print(`  segment ${segment}: ${OFFENCES[code]}`)
        if (manifest !== null) output.print(`    ${manifest}`)
      }
      if (offences.length > most)
        output.print(`  and ${formatThings(offences.length - most, 'offence')} more`)
    }
    output.print()
  }
  if (records.length > shown.length)
    output.print(
      `and ${formatThings(records.length - shown.length, 'node')} more: ask with --lines N, or --json`,
    )
}
