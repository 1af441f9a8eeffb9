import { availableParallelism } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pino } from 'pino'
import { openNode } from '../../node/node.ts'
import { peakMiB } from './peak-memory.ts'

/** Crawls one file without a network in a process of its own, and tells what that took of it. */
export interface MemoryRun {
  rssMiB: number
  loopP99Ms: number
  seconds: number
  candidates: number
  pairs: number
  /** peak in each tenth of the time, MiB: it is to stay where it is */
  rssOverTime: number[]
}

/** Milliseconds between two looks at the memory. */
const SAMPLE_MS = 20
const NS_PER_MS = 1e6
const MIB = 1024 * 1024

const [file, dataDir] = process.argv.slice(2) as [string, string]
const node = await openNode({
  ...{ dataDir, model: null, threads: availableParallelism(), contact: null, offline: true, loopback: null },
  ...{ clock: Date.now, log: pino({ level: 'silent' }) },
})
const samples: number[] = []
const watch = setInterval(() => samples.push(process.memoryUsage.rss() / MIB), SAMPLE_MS)
const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
const request = { files: [file], kind: null, preset: 'laion-5b', threshold: -1, outDir: null }
for await (const { seconds, candidates, pairs } of node.crawl(request)) {
  delay.disable()
  clearInterval(watch)
  const tenth = Math.ceil(samples.length / 10)
  const run: MemoryRun = {
    rssMiB: peakMiB(),
    loopP99Ms: delay.percentile(99) / NS_PER_MS,
    ...{ seconds, candidates, pairs },
    rssOverTime: Array.from({ length: 10 }, (_, i) =>
      Math.round(Math.max(0, ...samples.slice(i * tenth, (i + 1) * tenth))),
    ),
  }
  process.send?.(run)
}
await node.close()
process.disconnect?.()
