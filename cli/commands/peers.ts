import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatSeconds, formatThings } from '../numbers.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const peers = await control(context, 'peers')
  output.emit({ peers })
  output.print(
    peers.length === 0
      ? 'No peer is connected. Name one that you know of:'
      : `${formatThings(peers.length, 'peer')} connected`,
  )
  if (peers.length === 0) output.print(suggest('start --peer ADDRESS', options.data))
  for (const { id, addresses, agent, latency, relayed, since, direction } of peers) {
    output.heading(id)
    const facts = [
      shorten(agent ?? 'unknown software', 30),
      `${direction === 'inbound' ? 'called' : 'was called'} ${formatSeconds(Math.max(0, Date.now() - since) / 1000)} ago`,
      latency === null ? null : `${Math.round(latency)} ms away`,
      relayed ? 'relayed' : null,
    ]
    output.print(`  ${shorten(facts.filter(Boolean).join(', '), 78)}`)
    for (const address of addresses) output.print(`  ${shorten(address.replace(`/p2p/${id}`, ''), 78)}`)
  }
}
