import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { locateSource } from '../../../node/campaigns/campaigns.ts'
import type { Crawl, Scorer } from '../../../node/components.ts'
import type { DaemonOptions } from '../../../node/daemon/daemon.ts'
import { makeJob } from '../../../node/segment-job.ts'
import { publishShard, startShardWriter, type WrittenFile } from '../../../node/shard/shard.ts'
import { clearRun, readRows, runSegment } from '../../../node/work/work.ts'
import { open, type Signer } from '../../../protocol/envelope.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import type { Outcome } from '../../../protocol/outcomes.ts'
import { pipelineId } from '../../../protocol/records/campaign.ts'
import { type Manifest, makeManifest } from '../../../protocol/records/manifest.ts'
import { decodeShard, makeShard, type Shard } from '../../../protocol/records/shard.ts'
import type { Forge, Rows } from './forge-rows.ts'

export type StartProducer = NonNullable<DaemonOptions['startProducer']>
type Task = Parameters<ReturnType<StartProducer>['produce']>[0]

/** How a producer deviates from an honest one. */
export interface Forgery {
  /** what it does to the rows */
  rows?: Forge
  /** what it works with in place of the campaign's tools */
  crawl?: (crawl: Crawl) => Crawl
  scorer?: (scorer: Scorer) => Scorer
  /** `fork`: all its shards have the place of the first; `grind`: it tries manifests until one suits it */
  publish?: 'fork' | 'grind'
}

export interface HowMuch {
  /** of the rows, from 0 to 1 */
  share: number
  /** shards that it makes of a campaign of this name; then it leaves segments to others */
  most: (campaign: string) => number
}

/** Manifests that are tried, by the time that they say. */
const TRIES = 500

/**
 * A producer that does the work, then writes something else: manifest, counts and signature are as they should be.
 *
 * @param forgeryOf - what it does in a campaign of this name; null: it is honest, as `honest` is
 */
export function startForger(
  honest: StartProducer,
  forgeryOf: (campaign: string) => Forgery | null,
  { share, most }: HowMuch,
): StartProducer {
  return (home, toolbox, options) => {
    const upright = honest(home, toolbox, options)
    const made = new Map<string, number>()
    const firsts = new Map<string, Shard>()

    async function produce(
      { id, campaign, segment }: Task,
      forgery: Forgery,
      running: Parameters<typeof upright.produce>[1],
    ) {
      const { pipeline } = campaign
      const source = await locateSource(home.blocks, campaign, segment)
      const job = makeJob({ source, bytes: null, fingerprint: source.location }, id, pipeline, {
        ...options,
        duplicatesWithin: 'segment',
      })
      return toolbox.use(id, campaign, async ({ crawl, images, scorer }) => {
        const parts = {
          ...{ store: home.store, images },
          crawl: forgery.crawl?.(crawl) ?? crawl,
          scorer: forgery.scorer?.(scorer) ?? scorer,
        }
        const state = await runSegment(parts, job, { threads: options.threads, ...running })
        const rows: Rows = { pairs: [], outcomes: [] }
        for await (const batch of readRows(home.store, job.run)) {
          rows.pairs.push(...batch.pairs)
          rows.outcomes.push(...batch.outcomes)
        }
        forgery.rows?.(rows, share)
        const { bytes: _, ...read } = state.read.counts
        const manifest: Omit<Manifest, 'files'> = {
          ...{ campaign: id, segment, pipeline: pipelineId(pipeline), software: 'shoal/0.1.0' },
          counts: { ...read, ...countRows(rows) },
          ...{ deviceClass: scorer.deviceClass, previous: null },
          produced: { startedAt: state.startedAt, finishedAt: state.finishedAt },
        }
        const dir = join(home.workDir, `forged-${segment}`)
        const cid = await publish(await writeRows(rows, dir), manifest, forgery)
        await clearRun(home.store, job.run)
        await rm(dir, { recursive: true, force: true })
        return { manifest: cid.toString(), envelope: await envelopeOf(id, cid, forgery) }
      })
    }

    async function publish(
      files: WrittenFile[],
      manifest: Omit<Manifest, 'files'>,
      forgery: Forgery,
    ): Promise<CID> {
      const published = await publishShard(home, files, manifest)
      if (forgery.publish !== 'grind') return published.manifest
      const produced = grind({ ...manifest, files: published.files }, home.signer.publicKey)
      return (await publishShard(home, files, { ...manifest, produced })).manifest
    }

    async function envelopeOf(id: CID, manifest: CID, forgery: Forgery): Promise<Uint8Array> {
      const envelope = new Uint8Array((await home.store.shards.get(manifest.bytes))!)
      if (forgery.publish !== 'fork') return envelope
      const shard = decodeShard(await open(envelope, async () => true))
      const first = firsts.get(id.toString())
      if (first) return (await signAgain(shard, first, home.signer)).bytes
      firsts.set(id.toString(), shard)
      return envelope
    }

    return {
      async produce(task, running) {
        const name = task.id.toString()
        const forgery = forgeryOf(task.campaign.name)
        if (forgery === null) return upright.produce(task, running)
        if ((made.get(name) ?? 0) >= most(task.campaign.name))
          throw new ShoalError('cheat_rests', `segment ${task.segment} is left to others`)
        made.set(name, (made.get(name) ?? 0) + 1)
        return produce(task, forgery, running)
      },
    }
  }
}

/** In the place of another shard of its chain. */
function signAgain({ peer: _, ...shard }: Shard, { seq, previous }: Shard, signer: Signer) {
  return makeShard({ ...shard, seq, previous }, signer)
}

async function writeRows(rows: Rows, dir: string): Promise<WrittenFile[]> {
  const writer = await startShardWriter(dir)
  try {
    await writer.add(rows)
    return await writer.finish()
  } finally {
    await writer.close()
  }
}

function countRows({ pairs, outcomes }: Rows) {
  const counts: Partial<Record<Outcome, number>> = {}
  for (const { outcome } of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return { ...counts, candidates: outcomes.length, pairs: pairs.length }
}

/** Times with which the manifest's CID is near a friend's key, in the hope that this makes the friend its verifier. */
function grind(manifest: Manifest, friend: Uint8Array): Manifest['produced'] {
  const { startedAt, finishedAt } = manifest.produced
  const tries = Array.from({ length: TRIES }, (_, i) => ({ startedAt, finishedAt: finishedAt + i }))
  const distance = (produced: Manifest['produced']) => {
    const { digest } = makeManifest({ ...manifest, produced }).cid.multihash
    return Math.abs(digest[0]! * 256 + digest[1]! - (friend[0]! * 256 + friend[1]!))
  }
  return tries
    .map((produced) => ({ produced, at: distance(produced) }))
    .reduce((a, b) => (b.at < a.at ? b : a)).produced
}
