import type { FetchResult, Images } from '../components.ts'
import { type Failure, failure } from '../web/web.ts'
import { type HttpOptions, startHttp } from './http.ts'
import { judgeResponse } from './judge-response.ts'
import { startRobots } from './robots.ts'

/** Formats Shoal reads; a server that chooses by this header is not to send AVIF or SVG. */
const ACCEPT = 'image/jpeg, image/png, image/webp, image/gif;q=0.8, */*;q=0.1'

type MakeRoom = NonNullable<Parameters<Images['fetch']>[2]>

/** Gets single images from the web: asked for by robots.txt's leave, taken unless the response opts out. */
export function startFetcher(options: HttpOptions) {
  const { now, limits } = options
  const http = startHttp(options)
  const closing = new AbortController()
  const robots = startRobots(http, now, closing.signal)
  const running = new Set<AbortController>()

  async function fetchImage(address: string, signal: AbortSignal, makeRoom?: MakeRoom): Promise<FetchResult> {
    const signals = new Set<string>()
    const end = await http.get(
      address,
      {
        accept: ACCEPT,
        maxBytes: limits.imageBytes,
        cut: false,
        makeRoom,
        async admit(url) {
          const refusal = await robots.ask(url, signal)
          for (const token of refusal?.tokens ?? []) signals.add(`robots.txt: disallow ${token}`)
          return refusal?.failure ?? null
        },
        judge(head): Failure | null {
          const judged = judgeResponse(head)
          for (const seen of judged.signals) signals.add(seen)
          return judged.ok || judged.outcome !== 'optout_image'
            ? null
            : failure(judged.outcome, judged.detail)
        },
      },
      signal,
    )
    const seen = [...signals]
    if (!end.ok) return { ok: false, outcome: end.outcome, detail: end.detail, signals: seen }
    const judgement = judgeResponse(end)
    if (!judgement.ok) return { ...judgement, signals: seen }
    return {
      ok: true,
      image: {
        bytes: end.bytes,
        finalUrl: end.url.href,
        from: 'web',
        status: end.status,
        contentType: judgement.contentType,
        signals: seen,
        fetchedAt: now(),
      },
    }
  }

  return {
    /** @throws the signal's reason, or an AbortError once the fetcher is closed */
    async fetch(address: string, signal?: AbortSignal, makeRoom?: MakeRoom): Promise<FetchResult> {
      signal?.throwIfAborted()
      closing.signal.throwIfAborted()
      const stop = new AbortController()
      const onAbort = () => stop.abort(signal?.reason)
      signal?.addEventListener('abort', onAbort)
      running.add(stop)
      try {
        return await fetchImage(address, stop.signal, makeRoom)
      } finally {
        running.delete(stop)
        signal?.removeEventListener('abort', onAbort)
      }
    },

    leaveAlone: http.leaveAlone,

    async close(): Promise<void> {
      closing.abort()
      for (const stop of running) stop.abort(closing.signal.reason)
    },
  }
}
