import { styleText } from 'node:util'
import type { Step } from '../../node/search/search.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import type { Output } from '../output.ts'
import { manageSearch } from '../search.ts'
import { layOut, shorten } from '../table.ts'

/** Facts that are cut where they are longer than a line; others wrap. */
const CUT: readonly string[] = ['text']

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const whois = await manageSearch(context, 'whois', args[0]!)
  output.heading(shorten(whois.text, 80))
  output.print(whois.uid)
  for (const step of whois.steps) showStep(output, step)
  if (whois.also.length > 0) output.print(`Also in ${formatThings(whois.also.length, 'shard')} here:`)
  for (const { manifest, row } of whois.also) output.print(`  ${manifest} row ${row}`)
  output.emit(whois)
  const failed = whois.steps.filter(({ ok }) => ok === false)
  if (failed.length > 0)
    throw new ShoalError(
      'whois_failed',
      `${formatThings(failed.length, 'link')} of the chain ${failed.length === 1 ? 'does' : 'do'} not hold (${failed.map(({ name }) => name).join(', ')}): don't rely on this pair`,
    )
}

function showStep(output: Output, { name, ok, said, facts }: Step): void {
  const mark =
    ok === null
      ? '–'
      : ok
        ? styleText('green', '✓', { stream: process.stdout })
        : styleText('red', '✗', { stream: process.stdout })
  output.print()
  const [first, ...rest] = layOut([{ title: '' }, { title: '' }], [[name, said]], 78)
  output.print(`${mark} ${first}`)
  for (const line of rest) output.print(`  ${line}`)
  const rows = Object.entries(facts).flatMap(([fact, value]) =>
    (Array.isArray(value) ? value : [value]).map((one, i) => [
      i === 0 ? fact : '',
      CUT.includes(fact) ? shorten(String(one), 60) : String(one),
    ]),
  )
  for (const line of layOut([{ title: '' }, { title: '' }], rows, 76)) output.print(`    ${line}`)
}
