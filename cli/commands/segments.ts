import type { SegmentStanding } from '../../node/daemon/daemon.ts'
import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatCount, formatSeconds, formatThings } from '../numbers.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

/** Rows for a person; with `--json` they are all there. */
const ROWS = 40
/** Segments asked for at once. */
const PAGE = 1000

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const { campaigns } = await control(context, 'status')
  if (output.json) return await streamAll(context, campaigns)
  if (campaigns.length === 0)
    return output.print(
      `No campaign here yet. Take part in one: ${suggest('campaign join CID', options.data)}`,
    )
  // what is at work is what changes
  const rows = []
  for (const state of ['held', 'done'] as const)
    for await (const segment of list(context, state, (options.lines ?? ROWS) - rows.length))
      rows.push(segment)
  for (const { campaign, name, counts } of campaigns) {
    output.heading(shorten(name, 80))
    output.print(campaign)
    const { segments, held, done } = counts!
    output.print(
      `${formatThings(segments, 'segment')}: ${formatCount(done)} done, ${formatCount(held)} at work, ${formatCount(segments - done - held)} free`,
    )
    const shown = rows.filter((row) => row.campaign === campaign)
    if (shown.length > 0)
      output.table(
        [{ title: 'segment', align: 'right' }, { title: 'state' }, { title: 'by' }],
        shown.map((row) => [String(row.segment), row.state === 'held' ? 'at work' : 'done', describe(row)]),
      )
    const more = done + held - shown.length
    if (more > 0)
      output.print(`and ${formatCount(more)} more: ask for them with --lines N, or for all with --json`)
    output.print()
  }
}

async function streamAll(
  context: Context,
  campaigns: { campaign: string; name: string; counts: unknown }[],
): Promise<void> {
  const { output, options } = context
  let listed = 0
  for await (const segment of list(context, null, options.lines ?? Number.POSITIVE_INFINITY)) {
    output.emit({ segment })
    listed++
  }
  output.emit({
    listed,
    campaigns: campaigns.map(({ campaign, name, counts }) => ({ campaign, name, counts })),
  })
}

async function* list(
  context: Context,
  state: SegmentStanding['state'] | null,
  most: number,
): AsyncGenerator<SegmentStanding> {
  let after: SegmentStanding | null = null
  for (let left = most; left > 0; ) {
    const limit = Math.min(left, PAGE)
    const page: SegmentStanding[] = await control(context, 'segments', { state, after, limit })
    yield* page
    if (page.length < limit) return
    after = page.at(-1)!
    left -= limit
  }
}

/** The manifest of what is done, in whole: it is what `fetch` is given. */
function describe({ peer, own, manifest, until }: SegmentStanding): string {
  const who = own ? 'this node' : peer
  if (manifest !== null) return `${who} ${manifest}`
  return `${who}, for ${formatSeconds(Math.max(0, until! - Date.now()) / 1000)} more`
}
