import type { RequestAct } from '../node/manage-requests.ts'
import { findDataDir } from '../node/paths.ts'
import type { Requests, SubjectState } from '../node/requests/requests.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'
import type { Output } from './output.ts'
import { dateOf } from './show-release.ts'
import { suggest } from './suggest.ts'

type Answer<Act extends RequestAct> = Awaited<ReturnType<Requests[Act]>>

/** Do something with the requests of the command line's data directory: through its daemon, where one runs. */
export async function manageRequests<Act extends RequestAct>(
  context: Context,
  act: Act,
  ...args: Parameters<Requests[Act]>
): Promise<Answer<Act>> {
  const answer: unknown = await tryControl(context, 'requests', [act, ...args])
  if (answer !== undefined) return answer as Answer<Act>
  // loaded last: whatever can be refused without a node is refused before
  const { withRequests } = await import('../node/manage-requests.ts')
  return await withRequests(findDataDir(context.options.data), (requests) => {
    const perform = requests[act] as (...args: Parameters<Requests[Act]>) => Promise<Answer<Act>>
    return perform(...args)
  })
}

/** What became of a request, thing by thing, and what may be done next. */
export function showRequest(
  output: Output,
  { request, isHere, received, deadline, subjects, unproven, token, nodes }: Answer<'status'>,
  data: string | undefined,
): void {
  output.heading(`Request ${request}`)
  if (received !== null) output.print(`  received ${dateOf(received)}, decided by ${dateOf(deadline!)}`)
  if (!isHere) output.print(`  taken by ${nodes.join(', ')}`)
  for (const subject of subjects) {
    output.print(`  ${subject.kind} ${subject.value ?? subject.hash}`)
    output.print(`    ${sayFate(subject)}`)
  }
  if (!isHere || unproven.length === 0) return
  const [host] = unproven
  output.print(`To show that ${unproven.join(', ')} is yours, do one of these for each host:`)
  output.print(`  a TXT record of _shoal.${host}:  ${token}`)
  output.print(`  a line of https://${host}/.well-known/shoal-removal.txt:  ${token}`)
  output.print('  or refuse it in its robots.txt or tdmrep.json')
  output.print(`Then: ${suggest(`removals prove ${request}`, data)}`)
}

export function sayFate({ fate, until, proof }: Pick<SubjectState, 'fate' | 'until' | 'proof'>): string {
  const proven = proof === 'none' ? '' : `; proven by ${proof}`
  switch (fate) {
    case 'waiting':
      return 'nothing is hidden before it is proven'
    case 'hidden':
      return `hidden until ${dateOf(until!)}${proven}`
    case 'removed':
      return `removed for good${proven}`
    case 'refused':
      return `not confirmed here: hidden until ${dateOf(until!)} only`
    case 'over':
      return 'not hidden any more: nobody confirmed it'
  }
}
