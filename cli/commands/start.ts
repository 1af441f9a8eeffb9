import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { serveControl } from '../../node/control.ts'
import { chooseLevel, openLog } from '../../node/log.ts'
import { findDataDir, logFile } from '../../node/paths.ts'
import type { Context } from '../declarations.ts'
import { suggest } from '../suggest.ts'

/** Not one that IANA has given to anybody. */
const PORT = 4631

export async function run({ options, output, signal }: Context): Promise<void> {
  const dataDir = findDataDir(options.data)
  const log = openLog(chooseLevel(options.verbose), options.verbose ? 'stderr' : { file: logFile(dataDir) })
  const { answerControl, parseHours, startDaemon } = await import('../../node/daemon/daemon.ts')
  const { local, model } = options
  const daemon = await startDaemon({
    ...{ dataDir, log, local, offline: options.offline, clock: Date.now },
    threads: options.threads ?? availableParallelism(),
    model: model === undefined || model.startsWith('hf:') ? (model ?? null) : resolve(model),
    ...{ segments: 1, diskBytes: null, loopback: null },
    hours: options.hours === undefined ? null : parseHours(options.hours),
    listen: [options.listen ?? (local ? '/ip4/127.0.0.1/tcp/0' : `/ip4/0.0.0.0/tcp/${PORT}`)],
    peers: options.peer === undefined ? [] : options.peer.split(','),
  })
  const control = await serveControl(dataDir, (request) => answerControl(daemon, request)).catch(
    async (error) => {
      await daemon.stop()
      throw error
    },
  )
  const stop = () => void daemon.stop()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const { peerId, addresses, campaigns } = await daemon.status()
  output.emit({ ready: { peerId, addresses, campaigns: campaigns.map(({ campaign }) => campaign) } })
  output.print(`This node is ${peerId}. Others reach it at`)
  for (const address of addresses) output.print(`  ${address}`)
  output.print(
    campaigns.length === 0
      ? `It takes part in no campaign yet: ${suggest('campaign join CID', options.data)}`
      : `It takes part in ${campaigns.length} campaign${campaigns.length === 1 ? '' : 's'}: ${suggest('status', options.data)}`,
  )
  try {
    await daemon.ended
  } finally {
    signal.removeEventListener('abort', stop)
    await control.close()
  }
  output.print('Stopped; what was at work goes on where it was, next time.')
  output.emit({ stopped: true })
}
