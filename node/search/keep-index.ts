import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import type { Piscina } from 'piscina'
import { cidOf, encode } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Progress } from '../components.ts'
import type { Home } from '../home.ts'
import { startThreads } from '../threads.ts'
import { findCampaign } from './find-campaign.ts'
import type { OpenShard } from './read-rows.ts'
import type { Released } from './released.ts'
import { readCopy } from './row-copies.ts'
import type { Indexed, IndexJob, SearchTasks } from './search-worker.ts'

/** A shard that is here, whole or as far as a release has it. */
export interface HeldShard {
  /** of its manifest; of what a release has of it, that file's: by this it is indexed and opened */
  manifest: string
  campaign: string
  rows: number
  job: IndexJob
}

/** What of the shards here can be searched. */
export interface Holdings {
  shards: Map<string, HeldShard>
  /** by the name of `modelName`, what embedded the shards here */
  models: Map<string, Campaign['pipeline']['model']>
  indexes: Indexed['vectors']
  /** shards that can't be read, and why */
  skipped: { manifest: string; reason: string }[]
}

/** What part of an index's vectors may be of shards that are gone before it is made anew. */
const MAX_GONE = 0.3

/** Models are told apart by their files: two campaigns with the same have one index. */
function modelName({ files }: Campaign['pipeline']['model']): string {
  return cidOf(encode(files)).toString()
}

/** Keeps the index of the shards that are here, in a thread of its own. */
export function keepIndex(
  home: Home,
  openShard: (cid: CID) => Promise<OpenShard>,
  listReleased: () => Promise<Released>,
  options: { dir: string; threads: number; tell: (message: string) => void },
) {
  let pool: Piscina | null = null
  let isClosed = false
  const closed = () => new ShoalError('search_closed', 'the search was ended: the node is stopping')
  let indexed: Promise<Indexed> | null = null
  /** those that could not be indexed since this process began */
  const failed = new Map<string, string>()
  /** shards and their models, which never change */
  const seen = new Map<string, { shard: HeldShard; model: Campaign['pipeline']['model'] }>()

  async function ask<Task extends keyof SearchTasks>(task: Task, argument: Parameters<SearchTasks[Task]>[0]) {
    if (isClosed) throw closed()
    pool ??= startThreads(new URL('./search-worker', import.meta.url), { threads: 1 })
    try {
      return (await pool.run({ task, argument })) as Awaited<ReturnType<SearchTasks[Task]>>
    } catch (error) {
      throw isClosed ? closed() : error
    }
  }

  async function openIndex(): Promise<Indexed> {
    const { dir, threads } = options
    const opened = await ask('open', { dir, threads, blocksDir: home.blocks.path })
    if (opened.broken.length > 0)
      options.tell(
        `${join(options.dir, 'vectors')}: ${opened.broken.join(', ')} is not as Shoal wrote it: it is made anew`,
      )
    return opened
  }

  async function describe(
    cid: CID,
  ): Promise<{ shard: HeldShard; model: Campaign['pipeline']['model'] | null }> {
    const manifest = cid.toString()
    const known = seen.get(manifest)
    if (known) return known
    const { manifest: facts, file: pairs } = await openShard(cid)
    const { cid: file, name, bytes, rows } = pairs
    const model = (await findCampaign(home, facts.campaign))?.pipeline.model ?? null
    const job = {
      ...{ manifest, file: { name, bytes, rows, cid: file.toString() } },
      model: model && modelName(model),
    }
    const shard = { manifest, campaign: facts.campaign.toString(), rows, job }
    // the campaign may come later
    if (model) seen.set(manifest, { shard, model })
    return { shard, model }
  }

  /** Every shard here, by what its record and manifest say. */
  async function listHeld(): Promise<Omit<Holdings, 'indexes'>> {
    const held: Omit<Holdings, 'indexes'> = { shards: new Map(), models: new Map(), skipped: [] }
    const { entries, replaced, broken } = await listReleased()
    held.skipped.push(...broken)
    const places: CID[] = []
    for await (const key of home.store.shards.keys()) {
      const cid = CID.decode(key)
      if (!replaced.has(cid.toString())) places.push(cid)
    }
    for (const file of entries.keys()) places.push(CID.parse(file))
    for (const cid of places) {
      try {
        const { shard, model } = await describe(cid)
        held.shards.set(shard.manifest, shard)
        if (model) held.models.set(shard.job.model!, model)
      } catch (error) {
        held.skipped.push({ manifest: cid.toString(), reason: (error as ShoalError).message })
      }
    }
    return held
  }

  return {
    ask,
    /** Bring the index to what is here: what is new is added, what is gone is never found again. */
    async catchUp(onProgress?: (progress: Progress) => void): Promise<Holdings> {
      const held = await listHeld()
      const state = await (indexed ??= openIndex())
      const gone = state.words.filter((manifest) => !held.shards.has(manifest))
      const stale = state.vectors.filter(({ rows, shards }) => {
        const live = shards.reduce((sum, manifest) => sum + (held.shards.get(manifest)?.rows ?? 0), 0)
        return rows - live > MAX_GONE * rows
      })
      if (gone.length + stale.length > 0) {
        state.vectors = await ask('forget', { words: gone, vectors: stale.map(({ name }) => name) })
        state.words = state.words.filter((manifest) => held.shards.has(manifest))
      }
      const words = new Set(state.words)
      const lacksVectors = ({ job: { model, file, manifest } }: HeldShard) =>
        model !== null &&
        file.rows > 0 &&
        !state.vectors.some((one) => one.model === model && one.shards.includes(manifest))
      const missing = [...held.shards.values()].filter(
        (shard) => !failed.has(shard.manifest) && (!words.has(shard.manifest) || lacksVectors(shard)),
      )
      const total = missing.reduce((sum, { rows }) => sum + rows, 0)
      let done = 0
      for (const { manifest, rows, job } of missing) {
        onProgress?.(progressOf(done, total))
        try {
          state.vectors = await ask('index', job)
          if (!words.has(manifest)) state.words.push(manifest)
        } catch (error) {
          if ((error as ShoalError).code === 'search_closed') throw error
          failed.set(manifest, (error as ShoalError).message)
        }
        done += rows
      }
      if (missing.length > 0) {
        await ask('save', null)
        onProgress?.(progressOf(total, total))
      }
      for (const [manifest, reason] of failed)
        if (held.shards.delete(manifest)) held.skipped.push({ manifest, reason })
      return { ...held, indexes: state.vectors }
    },
    /** What is shown of a row, or null where its copy is lost or broken. */
    copy: (manifest: string, row: number, count: number) =>
      readCopy(join(options.dir, 'rows', manifest), row, count),
    /** Have shards indexed anew by the next `catchUp`, but for their vectors. */
    async renew(manifests: string[]): Promise<void> {
      await ask('forget', { words: manifests, vectors: [] })
      const state = await indexed
      if (state) state.words = state.words.filter((manifest) => !manifests.includes(manifest))
    },
    /** It opens again when it is asked for, unless it is closed for good: then whoever waits is told `search_closed`. */
    async close(how?: 'for good'): Promise<void> {
      isClosed ||= how === 'for good'
      await pool?.destroy()
      pool = null
      indexed = null
    },
  }
}

function progressOf(done: number, total: number): Progress {
  return {
    ...{ file: 'search index', segment: 0, segments: 1 },
    stages: [{ stage: 'index', done, total, unit: 'rows' }],
  }
}
