import type { ConsentSignal } from '../../protocol/rules/consent.ts'
import type { Crawl, Extracted, Web } from '../components.ts'
import { startThreads } from '../threads.ts'
import { VERSION } from '../version.ts'
import { addLanguages, tellLanguages } from './add-languages.ts'
import { extractSegment } from './extract-segment.ts'
import type { ExtractResult, ExtractTask } from './extract-worker.ts'
import { fetchResponse } from './fetch-response.ts'
import { openRecords } from './open-records.ts'
import type { Reading } from './read-slice.ts'
import type { Reach } from './read-url.ts'
import { openSpools } from './spool.ts'
import type { Slice } from './walk-records.ts'

export { normalizeText } from './normalize-text.ts'

/** First pause between attempts to reach a server; each further one is twice as long. */
const RETRY_MS = 500
/** Young objects of a thread, which live as long as a record: more space makes garbage, not speed. */
const YOUNG_MIB = 4
/** The language model lives in 40 MiB; without a bound V8 lets four times as much garbage gather around it. */
const LANGUAGE_MIB = 96

type Threads = ReturnType<typeof startThreads>

/**
 * Start reading segments.
 *
 * `extract` gives at most 500 candidates an item; a page with more goes on in the next item, under the same address
 * and place. Pages without candidates are counted and not given. Items come in file order and are the same for any
 * number of threads.
 *
 * Places (`warcOffset`, `warcLength`) are of the record as stored, or of its gzip member. Where the whole file is one
 * gzip they are of the inflated file, since nothing can be read from the middle of it; `readResponse` then inflates
 * it once to a temporary file.
 *
 * Errors, all `ShoalError`: `source_missing`, `source_unreadable`, `source_unreachable`, `source_refused`,
 * `source_changed`, `source_size_unknown`, `not_an_archive`, `not_a_wat`, `not_a_warc`, `record_missing`,
 * `record_too_large`.
 *
 * @param options - `threads` that parse; `web` by which segments on servers are read, and which stays open: without
 *   it only files are; `userAgent` says who asks; `retryMs` is the first pause after a server's failure, then doubled;
 *   `honoured` is the campaign's `pipeline.consent`, every signal there is if not given
 */
export function startCrawl(options: {
  threads: number
  web?: Web
  userAgent?: string
  retryMs?: number
  honoured?: readonly ConsentSignal[] | undefined
}): Crawl {
  let parsers: Threads | null = null
  // the language model takes more memory than all else together, so there is one of it
  let languages: Threads | null = null
  let readers = 0
  const spools = openSpools()
  const reach: Reach = {
    web: options.web ?? null,
    userAgent: options.userAgent ?? `Shoal/${VERSION}`,
    retryMs: options.retryMs ?? RETRY_MS,
  }

  function run<T extends ExtractTask>(task: T): Promise<ExtractResult<T>> {
    parsers ??= startThreads(new URL('./extract-worker', import.meta.url), {
      threads: options.threads,
      youngMiB: YOUNG_MIB,
    })
    return parsers.run(task, { transferList: [task.bytes] })
  }

  function runSlice(bytes: ArrayBuffer, slice: Omit<Slice, 'bytes'>, reading: Reading) {
    return run({ kind: 'slice', bytes, slice, reading: { ...reading, honoured: options.honoured } })
  }

  function detect(texts: string[]): Promise<(string | null)[]> {
    languages ??= startThreads(new URL('./language-worker', import.meta.url), {
      threads: 1,
      youngMiB: YOUNG_MIB,
      oldMiB: LANGUAGE_MIB,
    })
    return languages.run(texts)
  }

  async function* untilRead(items: AsyncGenerator<Extracted>): AsyncGenerator<Extracted> {
    readers++
    try {
      yield* items
    } finally {
      await endReading()
    }
  }

  /** Once a segment is read, the stages that follow want the memory for hours; images need fewer threads or none. */
  async function endReading(): Promise<void> {
    if (--readers > 0) return
    const unused = [parsers, languages]
    parsers = null
    languages = null
    // lets a response end that is being read
    await Promise.all(unused.map((threads) => threads?.close()))
  }

  return {
    extract(source, rules, signal) {
      const items = extractSegment(source, rules, {
        run: runSlice,
        // so many that no thread waits for the main one
        depth: options.threads + 2,
        ...reach,
        ...(signal === undefined ? {} : { signal }),
      })
      return untilRead(addLanguages(items, rules, detect))
    },
    async openRecords(source, rules, signal) {
      const records = await openRecords(source, rules, {
        run: runSlice,
        addLanguages: (item) => tellLanguages(item, rules, detect),
        ...{ ...reach, spools, signal },
      })
      readers++
      let closing: Promise<void> | null = null
      return {
        ...records,
        close() {
          closing ??= records.close().then(endReading)
          return closing
        },
      }
    },
    readResponse: (source, record, maxBytes) =>
      fetchResponse(source, record, {
        spools,
        ...reach,
        read: (bytes, url) => run({ kind: 'response', bytes, maxBytes, url }),
      }),
    async close() {
      await Promise.all([parsers?.destroy(), languages?.destroy()])
      await spools.close()
    },
  }
}
