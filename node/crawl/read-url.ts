import { setTimeout as sleep } from 'node:timers/promises'
import { type Dispatcher, request } from 'undici'
import { ShoalError } from '../../protocol/errors.ts'
import type { Web } from '../components.ts'
import { describeError } from '../web/web.ts'

/** How servers are reached. */
export interface Reach {
  /** null: not at all */
  web: Web | null
  /** who asks, and how to reach them */
  userAgent: string
  /** first of the doubling pauses between attempts, milliseconds */
  retryMs: number
}

/** How a file on a server is reached. */
export interface Access extends Reach {
  url: string
  /** ETag or Last-Modified: the file must not change between two requests */
  validator?: string | null
  signal?: AbortSignal
}

/** Attempts in a row that may bring no byte: with a first pause of 500 ms that is about two minutes. */
const MAX_ATTEMPTS = 8
const MAX_PAUSE_MS = 60_000
/** Archives move at times: from http to https, to another bucket. */
const MAX_HOPS = 5
const HEADERS_TIMEOUT_MS = 30_000
/** Between two pieces of the body. A stalled connection is broken off and taken up again. */
const BODY_TIMEOUT_MS = 30_000

type Answer = Dispatcher.ResponseData

/** Ask for the first byte, to learn the file's size and what identifies its version. */
export async function probeUrl(access: Access): Promise<{ size: number | null; validator: string | null }> {
  return attempt(access, 0, async () => {
    const answer = await ask(access, 'bytes=0-0')
    answer.body.on('error', () => {}).destroy()
    const total = /\/(\d+)$/.exec(header(answer, 'content-range') ?? '')?.[1]
    const length = answer.statusCode === 206 ? total : header(answer, 'content-length')
    const etag = header(answer, 'etag')
    const strong = etag?.startsWith('W/') ? null : etag
    return {
      size: answer.statusCode === 416 ? 0 : length === undefined || length === null ? null : Number(length),
      validator: strong ?? header(answer, 'last-modified'),
    }
  })
}

/**
 * Stream `start..end` of a file. Where the connection breaks, go on from the byte reached; where the server does not
 * know Range, read over what came before.
 *
 * @param end - null: to wherever the file ends
 * @throws ShoalError `source_unreachable` after too many attempts, `source_refused` where trying again is no use
 */
export async function* readUrl(access: Access, start: number, end: number | null): AsyncGenerator<Buffer> {
  let at = start
  let failures = 0
  while (end === null || at < end) {
    try {
      const answer = await ask(access, `bytes=${at}-${end === null ? '' : end - 1}`)
      if (answer.statusCode === 416) return
      checkStart(access, answer, at)
      let skip = answer.statusCode === 206 ? 0 : at
      const told = Number(header(answer, 'content-length') ?? Number.NaN)
      let got = 0
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        got += chunk.length
        const bytes = chunk.subarray(Math.min(skip, chunk.length), end === null ? undefined : skip + end - at)
        skip = Math.max(0, skip - chunk.length)
        if (bytes.length === 0) continue
        failures = 0
        at += bytes.length
        yield bytes
        if (at === end) break
      }
      if (end === null && !(got < told)) return
      if (end === null || at < end) throw new Error(`the connection ended at byte ${at}`)
    } catch (error) {
      await pause(access, error, failures++, at)
    }
  }
}

async function attempt<T>(access: Access, at: number, job: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await job()
    } catch (error) {
      await pause(access, error, failures, at)
    }
  }
}

/** Wait before the next attempt, or throw where there is to be none. */
async function pause(access: Access, error: unknown, failures: number, at: number): Promise<void> {
  access.signal?.throwIfAborted()
  if (error instanceof ShoalError) throw error
  const { outcome, detail } = describeError(error)
  if (outcome === 'address_refused') {
    throw new ShoalError(
      'source_refused',
      `${access.url} leads to where this node never asks: ${detail}. Only the public web is open to campaigns`,
      { cause: error },
    )
  }
  if (failures + 1 >= MAX_ATTEMPTS) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ShoalError(
      'source_unreachable',
      `${access.url} can't be read at byte ${at} after ${MAX_ATTEMPTS} attempts: ${reason}. Run again to go on`,
      { cause: error },
    )
  }
  const asked = error instanceof Busy ? error.retryAfterMs : 0
  const ms = Math.min(MAX_PAUSE_MS, Math.max(asked, access.retryMs * 2 ** failures))
  await sleep(ms, undefined, access.signal === undefined ? {} : { signal: access.signal }).catch(() => {
    access.signal?.throwIfAborted()
  })
}

/** An answer that asks to come back later. */
class Busy extends Error {
  readonly retryAfterMs: number
  constructor(answer: Answer) {
    super(`the server answered ${answer.statusCode}`)
    this.retryAfterMs = (Number(header(answer, 'retry-after')) || 0) * 1000
  }
}

async function ask(access: Access, range: string): Promise<Answer> {
  if (access.web === null)
    throw new ShoalError('source_refused', `${access.url} lies on a server, and only files are read here`)
  let url = access.url
  for (let hop = 0; hop <= MAX_HOPS; hop++) {
    const answer = await request(url, {
      dispatcher: access.web.dispatcher,
      headers: {
        range,
        'accept-encoding': 'identity',
        'user-agent': access.userAgent,
        ...(access.validator ? { 'if-range': access.validator } : {}),
      },
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      ...(access.signal === undefined ? {} : { signal: access.signal }),
    })
    const { statusCode } = answer
    const location = header(answer, 'location')
    if (statusCode >= 300 && statusCode < 400 && location !== null) {
      await answer.body.dump()
      url = new URL(location, url).href
      if (!/^https?:/.test(url)) break
      continue
    }
    if (statusCode === 200 || statusCode === 206 || statusCode === 416) return checked(access, answer)
    await answer.body.dump()
    if (statusCode === 408 || statusCode === 429 || statusCode >= 500) throw new Busy(answer)
    throw new ShoalError(
      'source_refused',
      `${access.url}: the server answered ${statusCode}. Check the address`,
    )
  }
  throw new ShoalError(
    'source_refused',
    `${access.url}: redirected more than ${MAX_HOPS} times, or to no web address`,
  )
}

/** Two halves of different files make no file. */
function checked(access: Access, answer: Answer): Answer {
  if (!access.validator || answer.statusCode === 416) return answer
  const seen = [header(answer, 'etag'), header(answer, 'last-modified')]
  if (seen.includes(access.validator) || seen.every((value) => value === null)) return answer
  answer.body.on('error', () => {}).destroy()
  throw new ShoalError(
    'source_changed',
    `${access.url} has changed while it was read. Run again to start over`,
  )
}

function checkStart(access: Access, answer: Answer, at: number): void {
  const start = /^bytes (\d+)-/.exec(header(answer, 'content-range') ?? '')?.[1]
  if (answer.statusCode !== 206 || Number(start) === at) return
  answer.body.on('error', () => {}).destroy()
  throw new ShoalError('source_refused', `${access.url}: the server sent other bytes than the ones asked for`)
}

function header(answer: Answer, name: string): string | null {
  const value = answer.headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}
