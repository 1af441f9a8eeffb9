import type { Pin } from '../../node/manage-pins.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatThings } from '../numbers.ts'
import { managePins } from '../pins.ts'

/** What each reason means; a rest of the line for a person. */
const REASONS: Readonly<Record<Pin['why'], string>> = {
  own: "this node's own shard",
  campaign: 'list of a campaign',
  fetched: 'fetched or pinned',
  release: 'release',
  replica: 'replica, kept while there is room',
}

export async function run(context: Context): Promise<void> {
  const { output } = context
  const pins = await managePins(context, 'listPins')
  output.emit({ pins })
  for (const { root, why, bytes, since } of pins) {
    output.print(root)
    const facts = [
      REASONS[why],
      ...(bytes === null ? [] : [formatBytes(bytes)]),
      ...(since === null ? [] : [`since ${new Date(since).toISOString().slice(0, 10)}`]),
    ]
    output.print(`  ${facts.join(', ')}`)
  }
  const bytes = pins.reduce((sum, pin) => sum + (pin.bytes ?? 0), 0)
  output.print(`${formatThings(pins.length, 'pin')}, ${formatBytes(bytes)}`)
}
