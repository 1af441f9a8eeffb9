/**
 * A daemon in a process of its own, for tests: real but for its clock, and for the faults of its network. It ends with
 * the process that started it.
 */
process.on('disconnect', () => process.exit(1))
if (!process.connected) process.exit(1)

import { cheatAs } from '../../../cli/demo/cheats/cheats.ts'
import { serveControl } from '../../../node/control.ts'
import { answerControl, startDaemon } from '../../../node/daemon/daemon.ts'
import { serveDashboard } from '../../../node/dashboard/dashboard.ts'
import { openLog } from '../../../node/log.ts'
import { type Network, type NetworkOptions, startNetwork } from '../../../node/network/network.ts'
import type { FromDaemon, Orders, ToDaemon } from './start-processes.ts'

/** Milliseconds between two looks whether a connection is missing: nobody waits for seconds after a cut. */
const LOOK_MS = 500

const {
  log: file,
  clock,
  deaf,
  passive,
  idle,
  cheats,
  dashboard,
  ...options
} = JSON.parse(process.argv[2]!) as Orders
const log = openLog('debug', { file })
const now = () => Math.floor(clock.origin + (Date.now() - clock.origin) * clock.rate)
const howTo = (campaign: string) => cheats[campaign.split('-')[0]!]
let network: Network | undefined

function tell(message: FromDaemon): Promise<void> {
  return new Promise((done) => {
    process.send!(message, () => done())
  })
}

/** One that hears no gossip and takes no part in syncs has the DHT and questions to peers alone. */
async function startFaulty(given: NetworkOptions): Promise<Network> {
  const refuse = async () => {
    throw new Error('this node is deaf')
  }
  const answers = deaf ? { ...given.answers, sync: refuse } : given.answers
  const real = await startNetwork({ ...given, answers, lookMs: LOOK_MS })
  network = real
  return {
    ...real,
    subscribe: (id, listener) => real.subscribe(id, deaf ? { validate: () => 'ignore' } : listener),
    async sync(peer, talk, how) {
      if (deaf || passive) return refuse()
      const start = performance.now()
      const result = await real.sync(peer, talk, how)
      const { received } = result as { received: number }
      if (received > 0) void tell({ synced: { received, ms: performance.now() - start } })
      return result
    },
  }
}

process.on('message', async ({ admitOnly }: ToDaemon) => {
  await network?.admitOnly((peer) => admitOnly === null || admitOnly.includes(peer))
  await tell({ admits: true })
})

try {
  const daemon = await startDaemon({
    ...{ hours: null, diskBytes: null, bytesPerSecond: null },
    ...options,
    ...{ log, model: null, offline: false },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true },
    clock: now,
    startNetwork: startFaulty,
    ...cheatAs((campaign) => howTo(campaign)?.cheat ?? null, {
      ...{ share: 0.5, most: (campaign) => howTo(campaign)?.most ?? 0, clock: now },
    }),
    onEnd: (ending) => void tell({ ending }),
    onAudit: (audit) => void tell({ audit }),
  })
  if (idle) daemon.pause()
  const control = await serveControl(options.dataDir, (request, running) =>
    answerControl(daemon, request, running),
  )
  const { dataDir } = options
  const listen = { host: '127.0.0.1', port: 0 }
  const shown = dashboard ? await serveDashboard(daemon, { dataDir, listen, log }) : null
  const { peerId, addresses } = await daemon.status()
  await tell({ ready: { peerId, address: addresses[0]! } })
  await daemon.ended
  await shown?.close()
  await control.close()
  process.exit(0)
} catch (error) {
  await tell({ failure: (error as Error).stack ?? String(error) })
  process.exit(1)
}
