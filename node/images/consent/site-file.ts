import { LRUCache } from 'lru-cache'
import type { Failure } from '../../web/web.ts'
import type { Http } from '../http.ts'
import type { SiteAnswer, SiteMemory } from './site-memory.ts'

/** RFC 9309, 2.5: a crawler reads at least 500 KiB. The rest is cut, of the other files as well. */
const MAX_FILE_BYTES = 500 * 1024
/** RFC 9309, 2.4: a copy is kept 24 hours at most. */
export const KEPT_MS = 24 * 3_600_000
/** How long a file that could not be had is not asked for again. */
const FAILURE_KEPT_MS = 300_000
/** Sites remembered, and characters of their rules, all together; parsed they take some ten times that. */
const MAX_SITES = 20_000
const MAX_CHARS = 4 * 1024 * 1024
/** What a site's entry takes beside its rules. */
const ENTRY_CHARS = 64

/** What becomes of the answer. */
interface Kind<T> {
  path: string
  accept: string
  /** requests for it, where the failure may pass */
  tries?: number
  /** @param reached - whether the site answered at all */
  read(answer: SiteAnswer | (Failure & { reached: boolean }), url: URL): T
  /** characters that it keeps */
  sizeOf(value: T): number
}

/** What a site's file says, and when it was asked for, in milliseconds since 1970. */
export interface SiteFile<T> {
  at: number
  said: T
}

interface Entry<T> {
  file: Promise<SiteFile<T>>
  until: number
}

/** What reads of sites need. */
export interface SiteParts {
  http: Http
  now: () => number
  closing: AbortSignal
  /** answers that outlive the process; null: none do */
  memory: SiteMemory | null
}

/** One file of each site: asked for once a day, however many pictures the site has. */
export function startSiteFile<T>(kind: Kind<T>, { http, now, closing, memory }: SiteParts) {
  const entries = new LRUCache<string, Entry<T>>({ max: MAX_SITES, maxSize: MAX_CHARS })

  async function ask(address: URL): Promise<SiteAnswer | (Failure & { reached: boolean })> {
    let reached = false
    const answer = await http.get(
      address,
      {
        ...{ accept: kind.accept, isSmall: true },
        // one byte more, to know that it was cut
        maxBytes: MAX_FILE_BYTES + 1,
        cut: true,
        ...(kind.tries === undefined ? {} : { tries: kind.tries }),
        judge: () => {
          reached = true
          return null
        },
      },
      closing,
    )
    if (!answer.ok) return { ...answer, reached }
    const whole = answer.bytes.length <= MAX_FILE_BYTES
    const text = new TextDecoder().decode(answer.bytes.subarray(0, MAX_FILE_BYTES))
    return {
      at: now(),
      status: answer.status,
      // half a line may say the opposite of the whole: `Allow: /` of `Allow: /public`
      text: whole ? text : text.slice(0, text.search(/[\r\n][^\r\n]*$/) + 1),
    }
  }

  async function load(url: URL): Promise<{ file: SiteFile<T>; until: number }> {
    const address = new URL(kind.path, url)
    const known = await memory?.read(address.href)
    const answer = known ?? (await ask(address))
    const file = { at: 'ok' in answer ? now() : answer.at, said: kind.read(answer, url) }
    // a redirection that is none (300, 304) is no last word either
    if ('ok' in answer || (answer.status >= 300 && answer.status < 400))
      return { file, until: now() + FAILURE_KEPT_MS }
    if (!known) memory?.keep(address.href, answer)
    return { file, until: answer.at + KEPT_MS }
  }

  return {
    /** @throws the closing signal's reason */
    of(url: URL): Promise<SiteFile<T>> {
      const known = entries.get(url.origin)
      if (known !== undefined && known.until > now()) return known.file
      const loading = load(url)
      const file = loading.then((loaded) => loaded.file)
      // whoever asked may have given up
      file.catch(() => {})
      const entry: Entry<T> = { file, until: now() + KEPT_MS }
      entries.set(url.origin, entry, { size: ENTRY_CHARS })
      loading.then(
        ({ file, until }) => {
          entry.until = until
          const size = ENTRY_CHARS + kind.sizeOf(file.said)
          if (entries.get(url.origin) === entry)
            entries.set(url.origin, entry, { size: Math.min(size, MAX_CHARS) })
        },
        () => entries.delete(url.origin),
      )
      return entry.file
    },
  }
}
