import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import { UsageError } from '../parse.ts'
import { manageRequests, showRequest } from '../requests.ts'
import { dateOf } from '../show-release.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const { confirm, reject, data } = options
  const [request] = args
  if (request === undefined) {
    if (confirm || reject) throw new UsageError('--confirm and --reject need the name of a request')
    return list(context)
  }
  if (confirm === reject) throw new UsageError('say what is to be done with it: --confirm or --reject')
  const state = await manageRequests(context, 'decide', request, confirm ? 'confirm' : 'reject')
  showRequest(output, state, data)
  output.emit(state)
}

async function list(context: Context): Promise<void> {
  const { options, output } = context
  const reviews = await manageRequests(context, 'reviews')
  output.emit({ reviews })
  for (const { request, name, node, reason, received, until, subjects, contact } of reviews) {
    output.heading(request)
    const lapses = until === null ? 'nothing is hidden yet' : `lapses ${dateOf(until)}`
    output.print(`  ${reason}, ${dateOf(received)}; ${lapses}; campaign ${shorten(name, 30)}`)
    output.print(`  taken by ${node}`)
    if (contact !== null) output.print(`  contact: ${shorten(contact, 60)}`)
    for (const { kind, value, hash, proof, rows } of subjects) {
      output.print(`  ${kind} ${value ?? `sha256 ${hash}`}${proof === 'none' ? '' : `, proven by ${proof}`}`)
      for (const { url, page, text } of rows) {
        output.print(`    ${shorten(url, 74)}`)
        output.print(`      on ${shorten(page, 70)}: ${shorten(text, 60)}`)
      }
    }
  }
  output.print(
    reviews.length === 0
      ? 'Nothing waits for your word.'
      : `${formatThings(reviews.length, 'request')} for you to decide: ${suggest('removals review REQUEST --confirm', options.data)}, or --reject`,
  )
}
