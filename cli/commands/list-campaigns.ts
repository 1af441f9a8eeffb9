import { manage } from '../campaigns.ts'
import type { Context } from '../declarations.ts'
import { formatCount, formatThings } from '../numbers.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const campaigns = await manage(context, 'list', null)
  output.emit({ campaigns })
  if (campaigns.length === 0)
    output.print(`No campaign here yet. Take part in one: ${suggest('campaign join CID', options.data)}`)
  for (const { campaign, name, segments, counts } of campaigns) {
    output.print(campaign)
    output.print(
      `  ${shorten(name, 40)}: ${formatCount(counts?.done ?? 0)} of ${formatThings(segments, 'segment')} done`,
    )
  }
}
