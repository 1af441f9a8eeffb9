import { resolve } from 'node:path'
import type { Context } from '../declarations.ts'
import { formatCount, formatThings } from '../numbers.ts'
import { manageReleases } from '../releases.ts'
import { suggest } from '../suggest.ts'

/** Digits of a list's digest that are shown: enough to tell lists apart. */
const SHOWN_DIGITS = 16

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const out = options.out === undefined ? null : resolve(options.out)
  const attested = await manageReleases(context, 'attest', args[0]!, out)
  const { files, skipped, missing, rows, matched, lists, attestations } = attested
  output.heading(
    files === 0
      ? 'Nothing to scan: all of it was, with these lists'
      : `${formatThings(rows, 'pair')} of ${formatThings(files, 'file')} looked up, ${formatCount(matched)} matched`,
  )
  if (lists.length > 0)
    output.table(
      [
        { title: 'list' },
        { title: 'digest' },
        { title: 'entries', align: 'right' },
        { title: 'pairs', align: 'right' },
      ],
      lists.map((one) => [
        one.kind,
        one.digest.slice(0, SHOWN_DIGITS),
        formatCount(one.entries),
        formatCount(one.rows),
      ]),
      80,
    )
  if (matched > 0) output.print(`${formatThings(matched, 'pair')} removed, for everybody; which is not told.`)
  if (skipped > 0) output.print(`${formatThings(skipped, 'file')} had been scanned with these lists before.`)
  if (missing > 0)
    output.print(
      `${formatThings(missing, 'verified shard')} of the campaign not here: get each with \`shoal fetch\`.`,
    )
  for (const id of attestations) output.print(`signed as ${id}`)
  const [first] = attestations
  if (out !== null) output.print(`For whoever makes releases, by \`shoal car import\`:\n  ${out}`)
  else if (first !== undefined)
    output.print(`Whoever makes releases gets it by\n  ${suggest(`fetch ${first}`, options.data)}`)
  output.emit(attested)
}
