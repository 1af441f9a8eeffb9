import { execFile, type ForkOptions, fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Orders, Told } from './crawl-driver.ts'

const DRIVER = fileURLToPath(new URL('./crawl-driver.ts', import.meta.url))
const LIMIT_MS = 240_000

/** The least that there is to say of a crawl. */
export function ordersFor(dataDir: string, ...files: string[]): Orders {
  return {
    ...{ dataDir, files, hosts: null, offline: false, threads: 2, threshold: null, outDir: null, kill: null },
    clock: Date.UTC(2026, 0, 1),
  }
}

/**
 * Crawls in a process of its own.
 *
 * @param dies - milliseconds after which it is killed from outside
 * @returns what it told, or null where it was killed before its end
 * @throws where it ended by itself without telling anything
 */
export async function runDriver(
  orders: Orders,
  { dies, ...options }: ForkOptions & { dies?: number } = {},
): Promise<Told | null> {
  const child = fork(DRIVER, [JSON.stringify(orders)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // half of a short crawl is the reading of its own code
    env: { ...process.env, NODE_COMPILE_CACHE: join(orders.dataDir, '..', 'compiled') },
    ...options,
  })
  let told: Told | null = null
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text))
  child.on('message', (message) => (told = message as Told))
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_, signal) => resolve(signal))
  })
  const cancel = new AbortController()
  sleep(dies ?? LIMIT_MS, undefined, { signal: cancel.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  )
  const signal = await ended
  cancel.abort()
  if (told !== null || (signal === 'SIGKILL' && (orders.kill !== null || dies !== undefined))) return told
  throw new Error(`the crawl ended by ${signal} without a result: ${stderr}`)
}

/** @param shell - a line that starts the crawl, its arguments being `"$0" "$@"`. @returns what it said of its failure */
export async function failDriver(orders: Orders, shell: string): Promise<string> {
  const args = ['-c', shell, process.execPath, DRIVER, JSON.stringify(orders)]
  const failure = await promisify(execFile)('sh', args, { timeout: LIMIT_MS }).then(
    () => null,
    (error: { stderr: string }) => error.stderr,
  )
  if (failure === null) throw new Error('the crawl did not fail')
  return failure
}
