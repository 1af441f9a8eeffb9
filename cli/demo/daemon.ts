/**
 * One of the demo's nodes, in a process of its own. It ends with the process that started it, however that ended:
 * what it keeps is a demo's.
 *
 * Its argument is `DemoOptions` as JSON; it sends `{ ready: true }`, or `{ failure: { code, message } }`.
 */
import type { Daemon } from '../../node/daemon/daemon.ts'
import type { ShownCheat } from './cheats/names.ts'

process.on('disconnect', () => process.exit(1))
// it may have come before anybody listened
if (!process.connected) process.exit(1)
// a terminal tells all processes of Ctrl-C: the first one decides
process.on('SIGINT', () => {})

export interface DemoOptions {
  dataDir: string
  /** @see DaemonOptions.loopback */
  hosts: Readonly<Record<string, string>>
  /** worker threads of each kind of work */
  threads: number
  /** how this node cheats, or null */
  cheat: ShownCheat | null
  /** log everything, to standard error */
  verbose: boolean
}

export type DemoMessage = { ready: true } | { failure: { code: string; message: string } }

/** Segments at once: while one waits for others' claims, or for slow sites, the other is worked on. */
const SEGMENTS = 2
/** Milliseconds in which processes of one machine hear of each other's claims, even where it is busy. */
const CONTENTION_MS = 1_000
const SYNC_EVERY_MS = 1_000
/** Shards that a cheat makes: enough to be caught, few enough to be done again in no time. */
const MOST_FORGED = 2

function tell(message: DemoMessage): Promise<void> {
  return new Promise((done) => {
    process.send!(message, () => done())
  })
}

try {
  const daemon = await start()
  await tell({ ready: true })
  await daemon.ended
  process.exit(0)
} catch (error) {
  console.error(error)
  process.exit(1)
}

async function start(): Promise<Daemon> {
  try {
    const { dataDir, hosts, threads, cheat, verbose } = JSON.parse(process.argv[2]!) as DemoOptions
    // loaded only now, so that whoever is left alone ends at once
    const [{ answerControl, startDaemon }, { serveControl }, { chooseLevel, openLog }, { logFile }] =
      await Promise.all([
        import('../../node/daemon/daemon.ts'),
        import('../../node/control.ts'),
        import('../../node/log.ts'),
        import('../../node/paths.ts'),
      ])
    const forging = cheat && (await import('./cheats/cheats.ts'))
    const log = openLog(chooseLevel(verbose), verbose ? 'stderr' : { file: logFile(dataDir) })
    const daemon = await startDaemon({
      ...{ dataDir, log, threads, clock: Date.now, segments: SEGMENTS, hours: null },
      ...{ diskBytes: null, bytesPerSecond: null, model: null, offline: false },
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], loopback: { hosts } },
      ...{ contentionMs: CONTENTION_MS, syncEveryMs: SYNC_EVERY_MS },
      ...forging?.cheatAs(() => cheat, { share: 1, most: () => MOST_FORGED, clock: Date.now }),
    })
    await serveControl(dataDir, (request, running) => answerControl(daemon, request, running))
    return daemon
  } catch (error) {
    const { code = 'unexpected', message } = error as { code?: string; message: string }
    await tell({ failure: { code, message } })
    // whoever is told ends this process: an end of its own might come first
    return new Promise(() => {})
  }
}
