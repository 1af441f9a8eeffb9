import { promises as fs } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Level } from 'level'
import { pino } from 'pino'
import type { CrawlResult } from '../../../node/components.ts'
import { openNode } from '../../../node/node.ts'

/** What a process of its own is to crawl, and at which step it is to die. */
export interface Orders {
  dataDir: string
  files: string[]
  hosts: Record<string, string> | null
  offline: boolean
  /** the only time there is */
  clock: number
  threads: number
  threshold: number | null
  outDir: string | null
  /** just before or after the nth step whose name has this in it */
  kill: { step: string; nth: number; after: boolean } | null
}

/** What it tells before it ends. */
export interface Told {
  results: CrawlResult[]
  /** `put runs`, `batch seen`, `clear pages`, `rename`, `progress read`, ... in their order */
  steps: string[]
}

const orders = JSON.parse(process.argv[2] as string) as Orders
const steps: string[] = []
let met = 0

/** Does a step, and dies at the right moment: SIGKILL leaves no time for anything. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { kill } = orders
  const isLast = kill !== null && name.includes(kill.step) && ++met === kill.nth
  if (isLast && !kill.after) process.kill(process.pid, 'SIGKILL')
  steps.push(name)
  const result = await work()
  if (isLast) process.kill(process.pid, 'SIGKILL')
  return result
}

/** `!pages!...` → `pages` */
function tableOf(key: Uint8Array): string {
  return Buffer.from(key.subarray(0, 20)).toString('latin1').split('!')[1] ?? ''
}

// every step that leaves something on the disk, in this thread
type Writes = {
  _put(key: Uint8Array, ...rest: unknown[]): Promise<void>
  _batch(operations: { key: Uint8Array }[], ...rest: unknown[]): Promise<void>
  _clear(range: { gte: Uint8Array }): Promise<void>
}
const database = Level.prototype as unknown as Writes
const { _put, _batch, _clear } = database
database._put = function (key, ...rest) {
  return step(`put ${tableOf(key)}`, () => _put.call(this, key, ...rest))
}
database._batch = function (operations, ...rest) {
  const tables = [...new Set(operations.map(({ key }) => tableOf(key)))].sort()
  return step(`batch ${tables.join(' ')}`, () => _batch.call(this, operations, ...rest))
}
database._clear = function (range) {
  return step(`clear ${tableOf(range.gte)}`, () => _clear.call(this, range))
}
const { rename, rm } = fs
fs.rename = (from, to) => step('rename', () => rename(from, to))
fs.rm = (path, options) => step('rm', () => rm(path, options))
syncBuiltinESMExports()

const { dataDir, files, hosts, offline, clock, threads, threshold, outDir } = orders
const node = await openNode({
  ...{ dataDir, threads, offline, model: null, contact: null },
  loopback: hosts === null ? null : { hosts },
  clock: () => clock,
  log: pino({ level: 'silent' }),
})
const results: CrawlResult[] = []
for await (const result of node.crawl({
  ...{ files, threshold, outDir, kind: null, preset: 'laion-5b' },
  onProgress: ({ stages }) => {
    const [stage] = stages.filter(({ done }) => done > 0).slice(-1)
    step(`progress ${stage?.stage}`, async () => {}).catch(() => {})
  },
}))
  results.push(result)
await node.close()
process.send?.({ results, steps } satisfies Told)
process.disconnect?.()
