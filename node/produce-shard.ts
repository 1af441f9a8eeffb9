import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import type { Signer } from '../protocol/envelope.ts'
import type { Outcome } from '../protocol/outcomes.ts'
import type { StageProgress } from './components.ts'
import { publishShard, startShardWriter, type WrittenFile } from './shard/shard.ts'
import type { Blocks } from './store/store.ts'
import { clearRun, readRows, runSegment, type SegmentJob, saveRun, type WorkParts } from './work/work.ts'

/** What a shard says of its origin. */
export interface Origin {
  /** id of the campaign's record */
  campaign: CID
  segment: number
  pipeline: CID
  software: string
}

/**
 * Run one segment to its end and publish what came of it. After any end of the process it goes on where it was;
 * a segment that was published already is not published again.
 *
 * @param workDir - the Parquet files are written there before they become blocks
 * @returns the CID of the shard's manifest
 */
export async function produceShard(
  parts: WorkParts & { blocks: Blocks; signer: Signer },
  job: SegmentJob,
  origin: Origin,
  options: {
    threads: number
    workDir: string
    onProgress?: (stages: StageProgress[]) => void
    signal?: AbortSignal
  },
): Promise<string> {
  const { store, blocks, signer, scorer } = parts
  const state = await runSegment(parts, job, options)
  if (state.manifest !== null) return state.manifest
  const dir = join(options.workDir, Buffer.from(job.run).toString('hex'))
  const { files, outcomes } = await writeFiles(parts, job, dir, options)
  const { counts } = state.read as NonNullable<typeof state.read>
  const { bytes: _, ...totals } = counts
  const { manifest } = await publishShard({ store, blocks, signer }, files, {
    ...origin,
    counts: { ...totals, ...outcomes, pairs: outcomes.kept ?? 0 },
    deviceClass: scorer.deviceClass,
    previous: null,
    // from the run's own state: what is published again after a crash is the same
    produced: { startedAt: state.startedAt, finishedAt: state.finishedAt as number },
  })
  await saveRun(store, job.run, { ...state, manifest: manifest.toString() })
  await clearRun(store, job.run)
  await rm(dir, { recursive: true, force: true })
  return manifest.toString()
}

async function writeFiles(
  { store }: WorkParts,
  { run }: SegmentJob,
  dir: string,
  { onProgress, signal }: { onProgress?: (stages: StageProgress[]) => void; signal?: AbortSignal },
): Promise<{ files: WrittenFile[]; outcomes: Partial<Record<Outcome, number>> }> {
  const outcomes: Partial<Record<Outcome, number>> = {}
  const writer = await startShardWriter(dir)
  let rows = 0
  try {
    for await (const batch of readRows(store, run)) {
      signal?.throwIfAborted()
      await writer.add(batch)
      for (const { outcome } of batch.outcomes) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      rows += batch.outcomes.length
      onProgress?.([{ stage: 'write', done: rows, total: null, unit: 'rows' }])
    }
    return { files: await writer.finish(), outcomes }
  } finally {
    await writer.close()
  }
}
