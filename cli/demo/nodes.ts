import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askDaemon } from '../../node/control.ts'
import type { ControlAnswers } from '../../node/daemon/daemon.ts'
import { logFile } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { DemoMessage, DemoOptions } from './daemon.ts'
import { until } from './until.ts'

/** Milliseconds to start or to end: seconds, where a machine has nothing else to do. */
const PATIENCE_MS = 120_000

export type Answer<Command extends keyof ControlAnswers> = Awaited<ReturnType<ControlAnswers[Command]>>

/** A daemon in a process of its own, known by its control socket. */
export interface DemoNode {
  /** `node 1` */
  name: string
  dataDir: string
  /** @throws ShoalError with the daemon's own code, and the node's name in the message */
  ask<Command extends keyof ControlAnswers>(command: Command, argument?: unknown): Promise<Answer<Command>>
}

export interface DemoNodes {
  nodes: DemoNode[]
  /** aborts when the command is to end, or with a ShoalError as soon as a node has ended by itself */
  signal: AbortSignal
  /** Ask them to end, and wait for it. */
  stop(): Promise<void>
  /** End those that still run, at once. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Start daemons as processes, side by side; they end with this one.
 *
 * @param dir - where each gets a data directory, `node-1` and so on
 * @param cheatOf - how the node of this number cheats, or null
 * @throws ShoalError as `startDaemon`, `serveControl`; `demo_node` where one ends before it is ready
 */
export async function startNodes(
  dir: string,
  count: number,
  options: Omit<DemoOptions, 'dataDir' | 'cheat'>,
  cheatOf: (number: number) => DemoOptions['cheat'],
  interruption: AbortSignal,
): Promise<DemoNodes> {
  const failure = new AbortController()
  const signal = AbortSignal.any([interruption, failure.signal])
  const children: ChildProcess[] = []
  let stopping = false

  async function start(number: number): Promise<DemoNode> {
    const name = `node ${number}`
    const dataDir = join(dir, `node-${number}`)
    const child = await forkDaemon({ ...options, dataDir, cheat: cheatOf(number) })
    children.push(child)
    const ended = once(child, 'exit').then(([status, killedBy]) => {
      const how = killedBy === null ? `with status ${status}` : `by ${killedBy}`
      if (!stopping)
        failure.abort(new ShoalError('demo_node', `${name} ended ${how}: see ${logFile(dataDir)}`))
    })
    ended.catch((error: Error) => failure.abort(error))
    const [message] = (await until(signal, PATIENCE_MS, `${name} did not start`, (wait) =>
      once(child, 'message', { signal: wait }),
    )) as [DemoMessage]
    if ('failure' in message)
      throw new ShoalError(message.failure.code, `${name}: ${message.failure.message}`)

    async function ask(command: keyof ControlAnswers, argument: unknown): Promise<unknown> {
      try {
        const answer = await askDaemon(dataDir, { command, argument })
        if (answer !== undefined) return answer
      } catch (error) {
        // where its socket broke, how the process ended says more
        if (error instanceof ShoalError && error.code !== 'control_broken')
          throw new ShoalError(error.code, `${name}: ${error.message}`, { cause: error })
      }
      await ended
      throw new ShoalError('demo_node', `${name} has ended: see ${logFile(dataDir)}`)
    }
    return {
      ...{ name, dataDir },
      ask: (command, argument) =>
        until(signal, PATIENCE_MS, `${name} did not answer (${command})`, () =>
          ask(command, argument),
        ) as Promise<never>,
    }
  }

  async function kill(): Promise<void> {
    stopping = true
    await Promise.all(
      children
        .filter(({ pid, exitCode, signalCode }) => pid && exitCode === null && signalCode === null)
        .map(async (child) => {
          const exit = once(child, 'exit')
          child.kill('SIGKILL')
          await exit
        }),
    )
  }

  const starting = await Promise.allSettled(
    Array.from({ length: count }, async (_, i) => {
      try {
        return await start(i + 1)
      } catch (error) {
        // the others are not waited for
        failure.abort(error)
        throw error
      }
    }),
  )
  const nodes = starting.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (nodes.length < count) {
    await kill()
    signal.throwIfAborted()
  }
  return {
    nodes,
    signal,
    async stop() {
      stopping = true
      const ends = children.map((child) => once(child, 'exit'))
      await Promise.all(nodes.map((node) => node.ask('stop')))
      await until(interruption, PATIENCE_MS, 'the nodes did not end', () => Promise.all(ends))
    },
    [Symbol.asyncDispose]: kill,
  }
}

/** What a node's threads and libraries write by themselves goes into its log as well. */
async function forkDaemon(options: DemoOptions): Promise<ChildProcess> {
  await mkdir(options.dataDir, { recursive: true })
  await using log = await open(logFile(options.dataDir), 'a')
  // as the file is called beside this one, in the source and in dist/
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fork(fileURLToPath(new URL(`./daemon${extension}`, import.meta.url)), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', options.verbose ? 'inherit' : log.fd, 'ipc'],
  })
}
