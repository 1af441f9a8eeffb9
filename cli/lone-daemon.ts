import { availableParallelism } from 'node:os'
import type { Daemon } from '../node/daemon/daemon.ts'
import { chooseLevel, openLog } from '../node/log.ts'
import { findDataDir, logFile } from '../node/paths.ts'
import type { Context } from './declarations.ts'

/** Gives a node to `use` that is there for this alone, and works for nobody. */
export async function withLoneDaemon<T>(
  { options }: Context,
  use: (daemon: Daemon) => Promise<T>,
): Promise<T> {
  const dataDir = findDataDir(options.data)
  const log = openLog(chooseLevel(options.verbose), options.verbose ? 'stderr' : { file: logFile(dataDir) })
  const { startDaemon } = await import('../node/daemon/daemon.ts')
  const daemon = await startDaemon({
    ...{ dataDir, log, clock: Date.now, local: options.local, loopback: null, offline: options.offline },
    ...{ hours: null, segments: 1, threads: availableParallelism(), withoutWork: true, withoutAudits: true },
    ...{ diskBytes: null, bytesPerSecond: null, model: null, precision: null, peers: [] },
    listen: [options.local ? '/ip4/127.0.0.1/tcp/0' : '/ip4/0.0.0.0/tcp/0'],
  })
  try {
    return await use(daemon)
  } finally {
    await daemon.stop()
  }
}
