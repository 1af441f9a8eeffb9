import { manage } from '../campaigns.ts'
import type { Context } from '../declarations.ts'
import { formatCount, formatThings } from '../numbers.ts'
import { layOut, shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const shown = await manage(context, 'show', args[0]!)
  output.heading(shorten(shown.name, 80))
  const { counts } = shown
  const facts = [
    ['campaign', shown.campaign],
    ['organiser', shown.organiser],
    ...shown.custodians.slice(1).map((custodian, i) => [i === 0 ? 'custodians' : '', custodian]),
    ['contact', shorten(shown.contact ?? 'none', 60)],
    ['model', shorten(shown.model, 60)],
    ['opt-outs', `heeded: ${shown.consent.honoured.join(', ')}`],
    ...(shown.consent.ignored.length === 0
      ? []
      : [['', `recorded and NOT heeded: ${shown.consent.ignored.join(', ')}`]]),
    ['tags', shown.looksFor.tags.join(', ') || 'none by the model'],
    ...(shown.looksFor.heads.length === 0 ? [] : [['heads', shorten(shown.looksFor.heads.join(', '), 200)]]),
    ['segments', formatCount(shown.segments)],
    ...(counts === null
      ? []
      : [
          [
            'standing',
            `${formatCount(counts.done)} done, ${formatCount(counts.held)} at work, by ${formatThings(counts.peers, 'node')} in the last day`,
          ],
          ['removals', `${formatThings(counts.removals, 'record')}; ${describeWord(counts.vouchedUntil)}`],
        ]),
    [
      'audits',
      `${formatThings(shown.audit.verifiers, 'verifier')} x ${formatThings(shown.audit.samples, 'row')} a shard of nodes without a record; fewer, but at least 1, after 10 verified in a row`,
    ],
    ...shown.sources.map(({ kind, base, entries, parts }) => [
      kind,
      `${formatThings(entries, 'file')}${parts > 1 ? ` in ${parts} parts each` : ''}, at ${shorten(base || 'their addresses', 40)}`,
    ]),
  ]
  for (const line of layOut([{ title: '' }, { title: '' }], facts)) output.print(line)
  output.emit(shown)
}

/** Without such a word nothing is exported of a campaign of others. */
function describeWord(until: number | null): string {
  return until === null
    ? 'no custodian has said within a day that these are all'
    : `a custodian's word that these are all holds until ${new Date(until).toISOString().slice(0, 16)}Z`
}
