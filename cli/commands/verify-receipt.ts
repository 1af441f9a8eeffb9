import { readFile } from 'node:fs/promises'
import { readReceiptFile } from '../../node/requests/requests.ts'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import { dateOf } from '../show-release.ts'

export async function run({ args, output }: Context): Promise<void> {
  const { id, receipt, node } = await readReceiptFile(await readFile(args[0]!, 'utf8'))
  const { request, subjects, reason, received, deadline, issued } = receipt
  output.print(`The signature is good. ${node} says:`)
  output.print(`  request ${request}, ${reason}, received ${dateOf(received)}`)
  output.print(`  decided by ${dateOf(deadline)}; signed ${dateOf(issued)}`)
  for (const { kind, hash, proof, removals } of subjects) {
    output.print(`  ${kind} ${Buffer.from(hash).toString('hex')}`)
    output.print(`    proof ${proof}; hidden in ${formatThings(removals.length, 'campaign')}`)
  }
  output.emit({
    ...{ verified: true, receipt: id.toString(), node, request, reason, received, deadline, issued },
    subjects: subjects.map(({ kind, hash, proof, removals }) => ({
      ...{ kind, hash: Buffer.from(hash).toString('hex'), proof },
      removals: removals.map(({ campaign, removal }) => ({
        ...{ campaign: campaign.toString(), removal: removal.toString() },
      })),
    })),
  })
}
