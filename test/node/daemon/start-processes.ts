import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CheatName } from '../../../cli/demo/cheats/cheats.ts'
import { askDaemon } from '../../../node/control.ts'
import type { AuditEnding, ControlAnswers, DaemonOptions, Ending } from '../../../node/daemon/daemon.ts'

/** What a daemon is started with: options of its own, and faults. */
export interface Orders
  extends Required<
      Pick<
        DaemonOptions,
        'dataDir' | 'loopback' | 'peers' | 'segments' | 'threads' | 'contentionMs' | 'syncEveryMs'
      >
    >,
    Pick<DaemonOptions, 'replicateBytes' | 'replicateEveryMs' | 'gateway'>,
    Partial<Pick<DaemonOptions, 'hours' | 'diskBytes' | 'bytesPerSecond' | 'called'>> {
  /** its clock shows `origin` at that time, and goes `rate` times as fast as others */
  clock: { origin: number; rate: number }
  /** it hears no gossip, and takes no part in syncs */
  deaf: boolean
  /** it begins no syncs */
  passive: boolean
  /** it is paused from the beginning */
  idle: boolean
  /** it audits nothing */
  withoutAudits: boolean
  /** how it cheats, by the beginning of a campaign's name up to a hyphen, and how many shards it forges of one */
  cheats: Readonly<Record<string, { cheat: CheatName; most: number }>>
  /** whether it has a dashboard */
  dashboard: boolean
  /** where its log goes */
  log: string
}

/** Peers to deal with from now on; null: all. */
export interface ToDaemon {
  admitOnly: string[] | null
}

export type FromDaemon =
  | { ready: { peerId: string; address: string } }
  | { failure: string }
  | { admits: true }
  | { ending: Ending }
  | { audit: AuditEnding }
  | { synced: { received: number; ms: number } }

type Answer<Command extends keyof ControlAnswers> = Awaited<ReturnType<ControlAnswers[Command]>>

export interface DaemonProcess {
  name: string
  pid: number
  dataDir: string
  peerId: string
  address: string
  /** from its start until it could be asked */
  readyMs: number
  endings: Ending[]
  audits: AuditEnding[]
  syncs: { received: number; ms: number }[]
  ask<Command extends keyof ControlAnswers>(command: Command, argument?: unknown): Promise<Answer<Command>>
  admitOnly(peers: string[] | null): Promise<void>
  /** kill -9 */
  kill(): Promise<void>
  /** Ask it to end, and wait for it. */
  stop(): Promise<void>
}

const DRIVER = fileURLToPath(new URL('./daemon-process.ts', import.meta.url))
/** Milliseconds for what takes some hundreds where a machine has nothing else to do. */
const PATIENCE_MS = 120_000
const LAST_LINES = 40

/** Wait until something is there, for a time that only what is broken takes. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  ms = PATIENCE_MS,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found as Exclude<T, false | null | undefined>
    if (performance.now() > end) throw new Error(`never: ${what}`)
    await sleep(50)
  }
}

/** Daemons as processes, in directories below one; none outlives `killAll`, nor the test's process. */
export function startProcesses(
  dir: string,
  common: Partial<Orders> & Pick<Orders, 'loopback' | 'contentionMs' | 'syncEveryMs'>,
) {
  const running = new Set<ChildProcess>()
  const logs = new Set<string>()

  async function start(
    name: string,
    { peers = [], ...orders }: Partial<Orders> & { peers?: string[] } = {},
  ): Promise<DaemonProcess> {
    const dataDir = join(dir, name)
    const log = join(dir, `${name}.log`)
    logs.add(log)
    await mkdir(dataDir, { recursive: true })
    const whole: Orders = {
      ...{
        dataDir,
        log,
        peers,
        segments: 1,
        threads: 1,
        deaf: false,
        passive: false,
        idle: false,
        withoutAudits: false,
        cheats: {},
        dashboard: false,
        clock: { origin: 0, rate: 1 },
      },
      ...common,
      ...orders,
    }
    const started = performance.now()
    const child = await forkDaemon(whole, log, join(dir, 'compiled'))
    running.add(child)
    const exit = once(child, 'exit').then(() => void running.delete(child))
    const endings: Ending[] = []
    const audits: AuditEnding[] = []
    const syncs: DaemonProcess['syncs'] = []
    const told: FromDaemon[] = []
    child.on('message', (message: FromDaemon) => {
      if ('ending' in message) endings.push(message.ending)
      else if ('audit' in message) audits.push(message.audit)
      else if ('synced' in message) syncs.push(message.synced)
      else told.push(message)
    })
    const first = await until(`${name} is ready`, () => told.shift() ?? child.exitCode !== null)
    if (typeof first === 'boolean' || !('ready' in first))
      throw new Error(`${name} did not start: ${JSON.stringify(first)}`)
    const readyMs = performance.now() - started
    return {
      ...{ name, pid: child.pid!, dataDir, ...first.ready, readyMs, endings, audits, syncs },
      async ask(command, argument) {
        const answer = await within(`${name} answers ${command}`, askDaemon(dataDir, { command, argument }))
        if (answer === undefined) throw new Error(`${name} does not run`)
        return answer as never
      },
      async admitOnly(admitOnly) {
        child.send({ admitOnly } satisfies ToDaemon)
        await until(`${name} admits others`, () => told.shift())
      },
      async kill() {
        child.kill('SIGKILL')
        await exit
      },
      async stop() {
        await askDaemon(dataDir, { command: 'stop' })
        await within(`${name} ends`, exit)
      },
    }
  }

  return {
    start,
    async killAll(): Promise<void> {
      await Promise.all(
        [...running].map(async (child) => {
          const exit = once(child, 'exit')
          child.kill('SIGKILL')
          await exit
        }),
      )
    },
    /** What the processes said last. */
    async tails(): Promise<string> {
      const tails = [...logs].map(async (log) => {
        const text = await readFile(log, 'utf8').catch(() => '')
        return `--- ${log}\n${text.trimEnd().split('\n').slice(-LAST_LINES).join('\n')}`
      })
      return (await Promise.all(tails)).join('\n')
    },
  }
}

async function forkDaemon(orders: Orders, log: string, compiled: string): Promise<ChildProcess> {
  await using file = await open(log, 'a')
  return fork(DRIVER, [JSON.stringify(orders)], {
    stdio: ['ignore', file.fd, file.fd, 'ipc'],
    // most of the start is the reading of code, the same in all of them
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  })
}

async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`never: ${what}`)), PATIENCE_MS)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
