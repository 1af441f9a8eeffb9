import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { checkCampaign } from '../campaigns/campaigns.ts'
import type { Home } from '../home.ts'
import { type Ledger, openLedger, verifyInPool } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import type { Network } from '../network/network.ts'
import { addNotices, keepNotices } from '../removals/removals.ts'
import { openStore } from '../store/store.ts'

/** Peers that are asked for what they know, and how often one is asked until it has nothing new. */
const MAX_PEERS = 3
const MAX_ROUNDS = 20

/**
 * Learn what peers know of a campaign without taking part in it: its records come into a ledger of their own, of which
 * nothing is left afterwards but what is removed. The campaign's own record stays, for whoever reads its shards.
 *
 * @param use - given how many peers have told all they know, too
 * @throws ShoalError `campaign_unfound`; `campaign_*`; the signal's reason
 */
export async function visitCampaign<T>(
  { home, network }: { home: Home; network: Network },
  id: CID,
  { clock, log, signal }: { clock: () => number; log: Log; signal: AbortSignal },
  use: (ledger: Ledger, told: number) => Promise<T>,
): Promise<T> {
  const envelope = (await home.store.campaigns.get(id.bytes)) ?? (await network.fetchCampaign(id, { signal }))
  if (!envelope)
    throw new ShoalError(
      'campaign_unfound',
      `nobody here knows campaign ${id}, by whose verdicts the shard is to be judged: name a node that takes part in it with --peer`,
    )
  await checkCampaign(id, envelope)
  const dir = join(home.workDir, `visit-${randomUUID()}`)
  await using opened = new AsyncDisposableStack()
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  const store = await openStore(dir)
  opened.defer(() => store.close())
  const ledger = await openLedger({ store, verify: verifyInPool, clock })
  opened.defer(() => ledger.close())
  await ledger.add(envelope, 'own')
  await home.store.campaigns.put(id.bytes, envelope)
  const given = await addNotices(home.store, ledger, id)
  let asked = 0
  for await (const peer of network.members(id, { signal })) {
    signal.throwIfAborted()
    if (await learnFrom(peer)) asked++
    if (asked >= MAX_PEERS) break
  }
  await keepNotices(home.store, ledger, id, given)
  return await use(ledger, asked)

  async function learnFrom(peer: string): Promise<boolean> {
    try {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const { received, complete } = await network.sync(
          peer,
          ({ read, write }) =>
            ledger.sync(
              id,
              { read: () => read(), write: (bytes) => write(bytes) },
              { signal, onMisbehaviour: () => void network.shun(peer) },
            ),
          { signal },
        )
        if (complete) return true
        if (received === 0) break
      }
      return false
    } catch (error) {
      signal.throwIfAborted()
      log.debug({ peer, reason: (error as Error).message }, 'a peer told nothing of a campaign')
      return false
    }
  }
}
