import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatCount } from '../numbers.ts'

/** Rows for a person; with `--json` they are all there. */
const ROWS = 40

export async function run(context: Context): Promise<void> {
  const { output } = context
  const segments = await control(context, 'segments')
  output.emit({ segments })
  if (segments.length === 0) output.print('No segment is held or done, as far as this node knows.')
  else {
    // what is at work is what changes
    const shown = segments.sort((a, b) => b.state.localeCompare(a.state)).slice(0, ROWS)
    output.table(
      [{ title: 'segment', align: 'right' }, { title: 'state' }, { title: 'by' }],
      shown.map(({ segment, state, peer, own }) => [String(segment), state, own ? 'this node' : peer]),
    )
  }
  if (segments.length > ROWS) output.print(`and ${formatCount(segments.length - ROWS)} more: see --json`)
}
