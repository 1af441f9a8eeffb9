import { CONSENT_SIGNALS, type ConsentSignal } from '../../protocol/rules/consent.ts'
import { type Reservation, readReservation } from '../../protocol/rules/tdmrep.ts'
import type { FetchResult, Images } from '../components.ts'
import type { Table } from '../store/store.ts'
import { type Failure, failure } from '../web/web.ts'
import { KEPT_MS } from './consent/site-file.ts'
import { openSiteMemory } from './consent/site-memory.ts'
import { startSites } from './consent/sites.ts'
import { type HttpOptions, startHttp } from './http.ts'
import { judgeResponse } from './judge-response.ts'

/** Formats Shoal reads; a server that chooses by this header is not to send AVIF or SVG. */
const ACCEPT = 'image/jpeg, image/png, image/webp, image/gif;q=0.8, */*;q=0.1'

type MakeRoom = NonNullable<Parameters<Images['fetch']>[2]>

export interface FetcherOptions extends HttpOptions {
  /** as `ImagesOptions` has them */
  honoured?: readonly ConsentSignal[] | undefined
  sites?: Table | undefined
}

/** Gets single images from the web: asked for by the site's leave, taken unless the response opts out. */
export function startFetcher(options: FetcherOptions) {
  const { now, limits, honoured = CONSENT_SIGNALS } = options
  const http = startHttp(options)
  const closing = new AbortController()
  const memory = options.sites ? openSiteMemory(options.sites, KEPT_MS, now) : null
  const sites = startSites({ http, now, closing: closing.signal, memory }, honoured)
  const running = new Set<AbortController>()

  /** Whether the picture's own header takes back what its site reserves: nothing but the headers is asked for. */
  async function isReleased(url: URL, signal: AbortSignal): Promise<boolean> {
    const head = await http.get(
      url,
      { method: 'HEAD', accept: ACCEPT, isSmall: true, maxBytes: 0, cut: true, tries: 1 },
      signal,
    )
    if (!head.ok) return false
    const values = head.headers.flatMap(([name, value]) => (name === 'tdm-reservation' ? [value] : []))
    return readReservation(values) === false
  }

  async function fetchImage(address: string, signal: AbortSignal, makeRoom?: MakeRoom): Promise<FetchResult> {
    const seen = new Map<string, number>()
    const see = (signals: readonly string[]) => {
      for (const one of signals) if (!seen.has(one)) seen.set(one, now())
    }
    /** of the address that is being asked for */
    let reservation: Reservation | null = null
    const end = await http.get(
      address,
      {
        accept: ACCEPT,
        maxBytes: limits.imageBytes,
        cut: false,
        makeRoom,
        async admit(url) {
          const site = await sites.ask(url, signal)
          for (const [one, at] of site.signals) seen.set(one, at)
          reservation = site.reservation
          if (site.failure !== null) return site.failure
          return reservation?.reserved && !(await isReleased(url, signal))
            ? failure('optout_site', 'tdmrep.json: 1')
            : null
        },
        judge(head): Failure | null {
          const judged = judgeResponse(head, honoured, reservation)
          see(judged.signals)
          return judged.ok || judged.outcome !== 'optout_image'
            ? null
            : failure(judged.outcome, judged.detail)
        },
      },
      signal,
    )
    const signals = [...seen.keys()]
    if (!end.ok) return { ok: false, outcome: end.outcome, detail: end.detail, signals }
    const judgement = judgeResponse(end, honoured, reservation)
    if (!judgement.ok) return { ...judgement, signals }
    return {
      ok: true,
      image: {
        bytes: end.bytes,
        finalUrl: end.url.href,
        from: 'web',
        status: end.status,
        contentType: judgement.contentType,
        signals,
        signalsAt: [...seen.values()],
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
      await memory?.close()
    },
  }
}
