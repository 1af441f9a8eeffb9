import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { output } = context
  const peers = await control(context, 'peers')
  output.emit({ peers })
  if (peers.length === 0) output.print('No peer is connected.')
  for (const { id, addresses, agent, latency, relayed } of peers) {
    output.print(id)
    const facts = [
      agent ?? 'unknown',
      latency === null ? null : `${Math.round(latency)} ms`,
      relayed ? 'relayed' : null,
    ]
    output.print(`  ${shorten(facts.filter(Boolean).join(', '), 76)}`)
    for (const address of addresses) output.print(`  ${shorten(address, 76)}`)
  }
}
