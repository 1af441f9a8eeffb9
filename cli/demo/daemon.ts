/**
 * One of the demo's nodes, in a process of its own. It ends with the process that started it, however that ended:
 * what it keeps is a demo's.
 *
 * Its argument is `DemoOptions` as JSON; it sends `{ ready: true }`, or `{ failure: { code, message } }`.
 */
process.on('disconnect', () => process.exit(1))
// it may have come before anybody listened
if (!process.connected) process.exit(1)
// a terminal tells all processes of Ctrl-C: the first one decides
process.on('SIGINT', () => {})

export interface DemoOptions {
  dataDir: string
  /** @see DaemonOptions.loopback */
  hosts: Readonly<Record<string, string>>
  verbose: boolean
}

export type DemoMessage = { ready: true } | { failure: { code: string; message: string } }

/** Milliseconds in which processes of one machine hear of each other's claims, even where it is busy. */
const CONTENTION_MS = 1_000
const SYNC_EVERY_MS = 1_000

function tell(message: DemoMessage): Promise<void> {
  return new Promise((done) => {
    process.send!(message, () => done())
  })
}

try {
  const { dataDir, hosts, verbose } = JSON.parse(process.argv[2]!) as DemoOptions
  // loaded only now, so that whoever is left alone ends at once
  const [{ answerControl, startDaemon }, { serveControl }, { chooseLevel, openLog }, { logFile }] =
    await Promise.all([
      import('../../node/daemon/daemon.ts'),
      import('../../node/control.ts'),
      import('../../node/log.ts'),
      import('../../node/paths.ts'),
    ])
  const daemon = await startDaemon({
    ...{ dataDir, log: openLog(chooseLevel(verbose), { file: logFile(dataDir) }), clock: Date.now },
    ...{ threads: 1, segments: 1, hours: null, diskBytes: null, model: null, offline: false },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], loopback: { hosts } },
    ...{ contentionMs: CONTENTION_MS, syncEveryMs: SYNC_EVERY_MS },
  })
  const control = await serveControl(dataDir, (request) => answerControl(daemon, request))
  await tell({ ready: true })
  await daemon.ended
  await control.close()
  process.exit(0)
} catch (error) {
  const { code = 'unexpected', message } = error as { code?: string; message: string }
  await tell({ failure: { code, message } })
  process.exit(1)
}
