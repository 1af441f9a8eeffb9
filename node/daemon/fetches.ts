import { ShoalError } from '../../protocol/errors.ts'
import type { Log } from '../log.ts'
import {
  type FetchParts,
  type FetchRequest,
  type FetchResult,
  type FetchRunning,
  fetchWanted,
} from './fetch-wanted.ts'

/** Fetches that somebody waits for. They end with the node. */
export function startFetches(parts: FetchParts, { log, clock }: { log: Log; clock: () => number }) {
  const ending = new AbortController()
  const running = new Set<Promise<unknown>>()
  return {
    fetch(request: FetchRequest, { signal, onProgress }: FetchRunning = {}): Promise<FetchResult> {
      const fetched = fetchWanted(parts, request, {
        signal: signal ? AbortSignal.any([signal, ending.signal]) : ending.signal,
        ...{ onProgress, log, clock },
      })
      running.add(fetched)
      return fetched.finally(() => running.delete(fetched))
    },
    async end(): Promise<void> {
      ending.abort(new ShoalError('daemon_ended', 'the node ends: start it and ask again'))
      await Promise.allSettled(running)
    },
  }
}
