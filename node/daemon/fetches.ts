import { ShoalError } from '../../protocol/errors.ts'
import type { Log } from '../log.ts'
import {
  type FetchParts,
  type FetchRequest,
  type FetchResult,
  type FetchRunning,
  fetchWanted,
} from './fetch-wanted.ts'
import type { ModelOptions } from './obtain-model.ts'
import { type CampaignModel, type ModelRequest, pullCampaignModel } from './pull-model.ts'

/** Fetches that somebody waits for. They end with the node. */
export function startFetches(parts: FetchParts, options: ModelOptions & { log: Log; clock: () => number }) {
  const { log, clock } = options
  const ending = new AbortController()
  const running = new Set<Promise<unknown>>()
  function track<T>(signal: AbortSignal | undefined, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const started = start(signal ? AbortSignal.any([signal, ending.signal]) : ending.signal)
    running.add(started)
    return started.finally(() => running.delete(started))
  }
  return {
    fetch: (request: FetchRequest, { signal, onProgress }: FetchRunning = {}): Promise<FetchResult> =>
      track(signal, (either) => fetchWanted(parts, request, { signal: either, onProgress, log, clock })),
    pullModel: (request: ModelRequest, { signal, onProgress }: FetchRunning = {}): Promise<CampaignModel> =>
      track(signal, (either) =>
        pullCampaignModel(parts, request, options, { signal: either, onProgress, log }),
      ),
    async end(): Promise<void> {
      ending.abort(new ShoalError('daemon_ended', 'the node ends: start it and ask again'))
      await Promise.allSettled(running)
    },
  }
}
