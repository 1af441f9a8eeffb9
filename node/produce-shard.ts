import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import type { Signer } from '../protocol/envelope.ts'
import type { Outcome } from '../protocol/outcomes.ts'
import type { OnAmount, SegmentCounts, StageProgress } from './components.ts'
import { type Called, publishShard, startShardWriter, type WrittenFile } from './shard/shard.ts'
import type { Blocks } from './store/store.ts'
import {
  clearRun,
  type FinishedRun,
  readRows,
  runSegment,
  type Sampler,
  type SegmentJob,
  saveRun,
  type WorkParts,
} from './work/work.ts'

/** What a shard says of its origin. */
export interface Origin {
  /** id of the campaign's record */
  campaign: CID
  segment: number
  pipeline: CID
  software: string
  /** what whoever runs this node goes by */
  called?: Called | undefined
}

export interface ProduceParts extends WorkParts {
  blocks: Blocks
  signer: Signer
}

export interface ProduceOptions {
  threads: number
  /** the Parquet files are written below it before they become blocks */
  workDir: string
  onProgress: (stages: StageProgress[]) => void
  onAmount?: OnAmount | undefined
  sampler?: Sampler | undefined
  signal?: AbortSignal | undefined
}

/** Milliseconds between two reports of the rows written. */
const REPORT_MS = 100

/**
 * Run one segment to its end and publish what came of it. After any end of the process it goes on where it was;
 * a segment that was published already is not published again.
 *
 * @returns the CID of the shard's manifest, and what was read
 */
export async function produceShard(
  parts: ProduceParts,
  job: SegmentJob,
  origin: Origin,
  options: ProduceOptions,
): Promise<{ manifest: string; counts: SegmentCounts }> {
  const state = await runSegment(parts, job, options)
  const dir = join(options.workDir, Buffer.from(job.run).toString('hex'))
  const manifest = state.manifest ?? (await publish(parts, job, state, origin, dir, options))
  // a process that ends in here leaves some of it: then the next one does it again
  await clearRun(parts.store, job.run)
  await rm(dir, { recursive: true, force: true })
  return { manifest, counts: state.read.counts }
}

async function publish(
  parts: ProduceParts,
  job: SegmentJob,
  state: FinishedRun,
  origin: Origin,
  dir: string,
  options: ProduceOptions,
): Promise<string> {
  const { bytes: _, ...counts } = state.read.counts
  const { files, outcomes } = await writeFiles(parts, job, counts.candidates, dir, options)
  const { called, ...told } = origin
  const whole = {
    ...told,
    counts: { ...counts, ...outcomes, pairs: outcomes.kept ?? 0 },
    deviceClass: state.deviceClass,
    previous: null,
    // from the run's own state: what is published again after a crash is the same
    produced: { startedAt: state.startedAt, finishedAt: state.finishedAt },
  }
  const { manifest } = await publishShard(parts, files, whole, called)
  await saveRun(parts.store, job.run, { ...state, manifest: manifest.toString() })
  return manifest.toString()
}

async function writeFiles(
  { store, gate }: ProduceParts,
  { run }: SegmentJob,
  total: number,
  dir: string,
  { onProgress, signal }: ProduceOptions,
): Promise<{ files: WrittenFile[]; outcomes: Partial<Record<Outcome, number>> }> {
  const outcomes: Partial<Record<Outcome, number>> = {}
  const writer = await startShardWriter(dir)
  let done = 0
  let told = Number.NEGATIVE_INFINITY
  const tell = () => {
    told = performance.now()
    onProgress([{ stage: 'write', done, total, unit: 'rows' }])
  }
  try {
    for await (const batch of readRows(store, run, gate)) {
      signal?.throwIfAborted()
      await writer.add(batch)
      for (const { outcome } of batch.outcomes) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      done += batch.outcomes.length
      if (performance.now() - told >= REPORT_MS) tell()
    }
    const files = await writer.finish()
    tell()
    return { files, outcomes }
  } finally {
    await writer.close()
  }
}
