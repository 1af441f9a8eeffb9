import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import { manageRequests, sayFate } from '../requests.ts'
import { dateOf } from '../show-release.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const requests = await manageRequests(context, 'list')
  output.emit({ requests })
  if (requests.length === 0)
    output.print(
      `Nobody has asked this node for a removal. Ask: ${suggest('optout --url URL', options.data)}`,
    )
  for (const { request, received, deadline, reason, subjects } of requests) {
    output.print(request)
    output.print(`  ${reason}, received ${dateOf(received!)}, decided by ${dateOf(deadline!)}`)
    for (const subject of subjects)
      output.print(`  ${subject.kind} ${shorten(subject.value ?? subject.hash, 40)}: ${sayFate(subject)}`)
  }
  if (requests.length > 0) output.print(formatThings(requests.length, 'request'))
}
