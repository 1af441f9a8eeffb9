import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Log } from '../log.ts'
import type { Network } from '../network/network.ts'
import {
  directoryOf,
  EMBEDDED,
  type ModelPeer,
  type ObtainOptions,
  type ObtainProgress,
  obtainHeads,
  obtainModel,
} from '../score/score.ts'
import type { SharedFiles } from './share-files.ts'

/** Milliseconds until a model that could not be had is tried again, and the most that grows to. */
const AGAIN_MS = 15_000
const MAX_AGAIN_MS = 10 * 60_000

/** Where the models of the campaigns come from: what is common to all of them. */
export interface ModelOptions {
  dataDir: string
  /** leave the models' origins alone; peers are asked */
  offline: boolean
  /** a directory that holds a campaign's model, `hf:…` for one that was downloaded, or null */
  model: string | null
  /** @see ToolOptions.precision */
  precision?: string | null | undefined
  /** bytes that the data directory may take, or null */
  diskBytes: number | null
}

/** How a campaign's model stands. */
export interface ModelStanding {
  /** how much of it is here, while it is being got */
  preparing: ObtainProgress | null
  /** why it could not be had the last time; it is tried again */
  trouble: string | null
}

export interface Models {
  /**
   * Get a campaign's model, however long that takes, and give its files to others from then on.
   *
   * @returns whether it is here; not, where it was called off
   */
  prepare(id: CID, campaign: Campaign): Promise<boolean>
  standing(id: CID): ModelStanding
  /** Call off getting it, and give it to nobody any more. */
  forget(id: CID): void
  close(): Promise<void>
}

export function prepareModels(
  network: Pick<Network, 'members' | 'askFile' | 'shun'>,
  shared: SharedFiles,
  options: ModelOptions & { log: Log; againMs?: number | undefined },
): Models {
  const { log, againMs = AGAIN_MS } = options
  const underway = new Map<string, ModelStanding & { stop: AbortController; ended: Promise<unknown> }>()

  async function obtain(id: CID, { pipeline }: Campaign, standing: ModelStanding, signal: AbortSignal) {
    const { model, safety } = pipeline
    const taking = {
      ...whereToLook(options),
      ...{ peers: () => findModelPeers(network, id, signal), signal },
      onLie(peer: string, reason: string) {
        log.warn({ peer, reason }, 'a peer gave a false file')
        void network.shun(peer)
      },
      onProgress: (progress: ObtainProgress) => {
        standing.preparing = progress
      },
    } satisfies ObtainOptions
    const { directory, files } = await obtainModel(model, taking)
    const heads = await obtainHeads(safety.heads, taking)
    signal.throwIfAborted()
    await shared.add(id.toString(), directory, files)
    for (const { head, path } of heads)
      await shared.add(id.toString(), dirname(path), [{ path: basename(path), ...head.file }])
    if (signal.aborted) shared.remove(id.toString())
  }

  /** @returns whether it succeeded before it was called off */
  async function persist(id: CID, campaign: Campaign, standing: ModelStanding, signal: AbortSignal) {
    for (let waitMs = againMs; !signal.aborted; waitMs = Math.min(2 * waitMs, MAX_AGAIN_MS)) {
      try {
        await obtain(id, campaign, standing, signal)
        standing.trouble = null
        return !signal.aborted
      } catch (error) {
        if (signal.aborted) return false
        standing.trouble = (error as Error).message
        log.warn({ campaign: id.toString(), error }, 'a model could not be had')
      } finally {
        standing.preparing = null
      }
      await sleep(waitMs, undefined, { signal }).catch(() => {})
    }
    return false
  }

  function forget(id: CID): void {
    const name = id.toString()
    underway.get(name)?.stop.abort()
    shared.remove(name)
  }

  return {
    async prepare(id, campaign) {
      forget(id)
      const stop = new AbortController()
      const standing = { preparing: null, trouble: null, stop, ended: Promise.resolve() }
      const name = id.toString()
      const ended = persist(id, campaign, standing, stop.signal)
      underway.set(name, Object.assign(standing, { ended }))
      try {
        return await ended
      } finally {
        if (underway.get(name)?.stop === stop) underway.delete(name)
      }
    },
    standing(id) {
      const { preparing = null, trouble = null } = underway.get(id.toString()) ?? {}
      return { preparing, trouble }
    },
    forget,
    async close() {
      const all = [...underway.values()]
      for (const { stop } of all) stop.abort()
      await Promise.allSettled(all.map(({ ended }) => ended))
    },
  }
}

/** Who takes part in a campaign, and so may have its model. */
export async function* findModelPeers(
  network: Pick<Network, 'members' | 'askFile'>,
  campaign: CID,
  signal: AbortSignal,
): AsyncGenerator<ModelPeer> {
  for await (const id of network.members(campaign, { signal }))
    yield { id, read: (sha256, offset) => network.askFile(id, { sha256, offset }, { signal }) }
}

/** Where a model is looked for first: a directory named by hand, the embedded one, and the cache. */
export function whereToLook({
  dataDir,
  model,
  precision,
  offline,
  diskBytes,
}: ModelOptions): Pick<ObtainOptions, 'cacheDir' | 'given' | 'precision' | 'offline' | 'maxBytes'> {
  const cacheDir = join(dataDir, 'models')
  const given = model === null ? [EMBEDDED] : [directoryOf(model, cacheDir), EMBEDDED]
  return {
    ...{ cacheDir, given, offline },
    ...{ precision: precision ?? undefined, maxBytes: diskBytes ?? undefined },
  }
}
