import type { ShardStanding } from '../../node/daemon/daemon.ts'
import type { PolicyRequest } from '../../node/read-policy.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatCount, formatThings } from '../numbers.ts'
import type { Output } from '../output.ts'
import { readPolicy } from '../policy.ts'
import { describeStates } from '../show-status.ts'
import { suggest } from '../suggest.ts'
import { layOut, shorten } from '../table.ts'

/** Rows for a person; with `--json` they are all there. */
const ROWS = 40
/** Shards asked for at once. */
const PAGE = 500
/** Accused rows that are told of one shard. */
const MOST = 16

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const { campaigns } = await control(context, 'status')
  const policy = await readPolicy(options)
  const manifest = args[0] ?? null
  if (output.json) {
    let listed = 0
    for await (const shard of list(context, manifest, policy, options.lines ?? Number.POSITIVE_INFINITY)) {
      output.emit({ shard })
      listed++
    }
    return output.emit({ listed })
  }
  if (campaigns.length === 0)
    return output.print(
      `No campaign here yet. Take part in one: ${suggest('campaign join CID', options.data)}`,
    )
  const most = options.lines ?? ROWS
  const rows = await Array.fromAsync(list(context, manifest, policy, most + 1))
  if (manifest !== null && rows.length === 0)
    throw new ShoalError(
      'shard_unknown',
      `no record of shard ${manifest} has come to this node: is it of a campaign that it takes part in?`,
    )
  for (const { campaign, name, counts } of campaigns) {
    const shown = rows.slice(0, most).filter((row) => row.campaign === campaign)
    if (manifest !== null && shown.length === 0) continue
    output.heading(shorten(name, 80))
    output.print(campaign)
    if (policy === null && manifest === null && counts !== null) output.print(describeStates(counts.states))
    for (const shard of shown)
      manifest === null ? showRow(output, shard) : showShard(output, shard, options.data)
    output.print()
  }
  if (rows.length > most)
    output.print('and more: ask for them with --lines N or --state STATE, or for all with --json')
}

async function* list(
  context: Context,
  manifest: string | null,
  policy: PolicyRequest | null,
  most: number,
): AsyncGenerator<ShardStanding> {
  let after: ShardStanding | null = null
  for (let left = most; left > 0; ) {
    const limit = Math.min(left, PAGE)
    const request = { manifest, state: context.options.state ?? null, policy, after, limit }
    const page: ShardStanding[] = await control(context, 'judged', request)
    yield* page
    if (page.length < limit) return
    after = page.at(-1)!
    left -= limit
  }
}

function showRow(output: Output, shard: ShardStanding): void {
  const { segment, manifest, producer, own } = shard
  output.print(`segment ${segment}: ${shorten(explain(shard), 60)}`)
  output.print(`  ${manifest}`)
  output.print(`  by ${own ? 'this node' : producer}`)
}

/** Why it is in its state. */
function explain({ state, good, needed, verdicts, accused }: ShardStanding): string {
  const counted = verdicts.filter(({ counts }) => counts).length
  switch (state) {
    case 'verified':
      return `verified: ${good} good of ${needed} needed`
    case 'unaudited':
      return `unaudited: ${good} good of ${needed} needed`
    case 'held':
      return `held: too much can't be verified, say ${formatThings(counted, 'verdict')}`
    case 'disputed':
      return `disputed: ${formatThings(accused.length, 'row')} accused, not yet decided`
    case 'refused':
      return accused.length > 0
        ? `refused: forged, ${formatThings(accused.length, 'row')} accused`
        : 'refused: its producer signed two in one place'
  }
}

function showShard(output: Output, shard: ShardStanding, data: string | undefined): void {
  const { segment, manifest, producer, own, verdicts, accused } = shard
  const facts = [
    ['segment', String(segment)],
    ['manifest', manifest],
    ['signed by', own ? `${producer}, this node` : producer],
    ['state', explain(shard)],
  ]
  for (const line of layOut([{ title: '' }, { title: '' }], facts)) output.print(line)
  for (const { verdict, verifier, ruling, counts, matched, unverifiable, forged } of verdicts) {
    output.print()
    output.heading(`${ruling}${counts ? '' : ', does not count'}`)
    output.print(verdict)
    output.print(`  of ${verifier}`)
    output.print(
      `  ${formatCount(matched)} rows match, ${formatCount(unverifiable)} unverifiable, ${formatCount(forged.length)} accused`,
    )
    for (const { frame, row, code } of forged) output.print(`  ${shorten(`${frame} ${row}: ${code}`, 78)}`)
  }
  if (accused.length > 0) output.print()
  for (const { frame, row, forged, match } of accused.slice(0, MOST))
    output.print(`${frame} ${row}: ${forged.length} say forged, ${match.length} say it matches`)
  if (accused.length > MOST) output.print(`and ${formatThings(accused.length - MOST, 'row')} more`)
  output.print()
  output.print(`See for yourself:\n  ${suggest(`verify ${manifest}`, data)}`)
}
