import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { loadIdentity } from '../../node/identity.ts'
import { openLog } from '../../node/log.ts'
import { startNetwork } from '../../node/network/network.ts'
import type { Blocks } from '../../node/store/store.ts'

/** A bare stream of bytes, for the yardstick. */
export const STREAM = '/bench/stream/1.0.0'

/** A node as a daemon has it, and beside it a bare libp2p. */
export async function startBenchNode(dir: string, blocks: Blocks) {
  const nothing = async () => null
  const network = await startNetwork({
    ...{ identity: await loadIdentity(dir), table: null, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [] },
    ...{ agent: 'shoal/bench', mdns: false, local: true, dht: 'server', upnp: false },
    ...{ relayed: false, relay: false, blocks, log: openLog('silent', 'stderr') },
    answers: { record: nothing, campaign: nothing, file: () => null, sync: nothing },
  })
  const libp2p = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    ...{ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] },
  })
  return { network, libp2p }
}
