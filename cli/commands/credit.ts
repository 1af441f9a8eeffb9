import type { Credit } from '../../node/daemon/daemon.ts'
import { cleanLine } from '../clean.ts'
import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatCount, formatThings } from '../numbers.ts'
import { layOut, shorten } from '../table.ts'

/** Rows for a person; with `--json` they are all there. */
const ROWS = 40
/** Columns of a name. */
const NAME = 24
/** Characters of a peer's id that are shown: all begin alike. */
const PEER = 12

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const credits = await control(context, 'credits', args[0] ?? null)
  if (output.json) {
    for (const credit of credits) output.emit({ credit })
    return output.emit({ listed: credits.length })
  }
  if (credits.length === 0)
    return output.print('Nobody has a verified shard or a verdict that counts yet: credit comes with those.')
  const { campaigns } = await control(context, 'status')
  const by = options.by ?? 'node'
  for (const { campaign, name } of campaigns) {
    const ofCampaign = credits.filter((credit) => credit.campaign === campaign)
    if (ofCampaign.length === 0) continue
    output.heading(shorten(name, 80))
    output.print(campaign)
    const rows = sumUp(ofCampaign, by)
    const most = options.lines ?? ROWS
    const columns = ['segments', 'pairs', 'audits', 'given'].map((title) => ({
      title,
      align: 'right' as const,
    }))
    for (const line of layOut([{ title: by }, ...columns], rows.slice(0, most))) output.print(line)
    if (rows.length === 0) output.print(`no node has named its ${by}`)
    if (rows.length > most)
      output.print(`and ${formatThings(rows.length - most, by)} more: ask with --lines N, or --json`)
    output.print()
  }
  output.print('Of verified shards and verdicts that count. Given: blocks, to its auditors.')
}

function sumUp(credits: readonly Credit[], by: 'node' | 'operator' | 'team'): string[][] {
  const groups = Map.groupBy(
    credits.filter((credit) => by === 'node' || credit[by] !== null),
    (credit) => (by === 'node' ? credit.peer : credit[by]!),
  )
  const sums = [...groups].map(([key, all]) => {
    const sum = (of: (credit: Credit) => number) => all.reduce((total, one) => total + of(one), 0)
    return {
      name: by === 'node' ? nameOf(all[0]!) : shorten(cleanLine(key), NAME),
      ...{ segments: sum((one) => one.segments), pairs: sum((one) => one.pairs) },
      ...{ audits: sum((one) => one.audits), bytes: sum((one) => one.bytesServed) },
    }
  })
  return sums
    .sort((a, b) => b.pairs - a.pairs || b.audits - a.audits)
    .map(({ name, segments, pairs, audits, bytes }) => [
      name,
      ...[segments, pairs, audits].map(formatCount),
      formatBytes(bytes),
    ])
}

function nameOf({ peer, own, operator }: Credit): string {
  const id = `…${peer.slice(-PEER)}`
  if (own) return `${id}, this node`
  return operator === null ? id : `${id} ${shorten(cleanLine(operator), NAME - PEER)}`
}
