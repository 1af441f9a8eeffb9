import { denyHeld, openHiding } from '../denied/denied.ts'
import { openHome } from '../home.ts'
import { openLedger, verifyInPool } from '../ledger/ledger.ts'
import { openMetrics } from '../metrics/metrics.ts'
import { startNetwork } from '../network/network.ts'
import { openRemovals } from '../removals/removals.ts'
import { startSearch } from '../search/search.ts'
import { VERSION } from '../version.ts'
import { keepFromStrangers } from './keep-from-strangers.ts'
import { answerPeers } from './membership.ts'
import type { DaemonOptions } from './options.ts'
import { servePeople } from './serve-people.ts'
import { shareFiles } from './share-files.ts'

/**
 * What a node has open as long as it runs, whatever it works on: its disk, the records, the network, and what is for people.
 *
 * @throws ShoalError as `openHome`, `openLedger`, `startNetwork`, `servePeople`
 */
export async function openParts(options: DaemonOptions) {
  const { log, clock, dataDir, local } = options
  await using opened = new AsyncDisposableStack()
  const home = await openHome(dataDir)
  opened.defer(() => home.close())
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock })
  opened.defer(() => ledger.close())
  const removals = await openRemovals({ ...home, ledger, clock })
  opened.defer(() => removals.close())
  const hiding = openHiding(removals, [home.blocklists, home.feeds])
  const denied = await denyHeld(home, hiding, log)
  opened.defer(() => denied.close())
  const shared = shareFiles()
  const metrics = openMetrics()
  const network = await (options.startNetwork ?? startNetwork)({
    ...{ identity: home.signer, table: home.store.network, listen: options.listen, bootstrap: options.peers },
    ...{ agent: `shoal/${VERSION}`, local, mdns: !local, upnp: !local, relayed: !local, relay: !local },
    dht: local ? 'server' : 'auto',
    answers: answerPeers(home, ledger, shared.read, (peer) => void network.shun(peer)),
    // lists, shards and releases are for everybody, and nothing else is put there
    blocks: home.blocks,
    withholds: keepFromStrangers(ledger, denied),
    ...{ log, metrics: options.metrics ? metrics.registry : null },
  })
  opened.defer(() => network.close())
  const search = startSearch({ home, ledger, hiding }, options)
  opened.defer(() => search.close())
  const people = await servePeople({ home, removals, search, blocks: denied.guard(home.blocks) }, options)
  opened.defer(() => people.close())
  const kept = opened.move()
  return {
    ...{ home, ledger, removals, hiding, denied, shared, metrics, network, search, people },
    close: () => kept.disposeAsync(),
  }
}
