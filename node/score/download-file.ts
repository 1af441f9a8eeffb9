import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Dispatcher, request } from 'undici'
import { ShoalError } from '../../protocol/errors.ts'
import { CONNECT_TIMEOUT_MS, HEADERS_TIMEOUT_MS, MAX_REDIRECTS } from '../../protocol/limits.ts'
import { checkFree } from './check-free.ts'

export interface DownloadProgress {
  /** inside the model's directory */
  file: string
  /** bytes on the disk so far, those of an earlier run included */
  bytes: number
  /** bytes of the whole file, or null while the server has not said */
  total: number | null
}

export interface DownloadOptions {
  /** for progress and messages */
  name: string
  path: string
  /** the hash that the file must have, where it is known beforehand */
  sha256: string | undefined
  /** in its place, where that is what is known */
  sha512?: string | undefined
  /** the length that it must have, where that is known beforehand */
  bytes?: number | undefined
  /** a file that the server does not have is passed over */
  isOptional: boolean
  /** what to do where there is no way to the server */
  advice: string
  onProgress?: ((progress: DownloadProgress) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Bytes of one file. The largest open CLIP, ViT-bigG-14, has some 7 GB of weights in its image tower. */
const MAX_FILE_BYTES = 16 * 1024 ** 3
/** Milliseconds without a byte before a connection counts as broken. */
const IDLE_TIMEOUT_MS = 30_000
/** A broken connection is taken up again this often, as long as each one brought something. */
const MAX_TRIES = 5

/**
 * Downloads one file by way of `path.part`, which stays where the connection breaks and is gone on with by Range.
 * The file is checked against the hash known beforehand, or the one the server gives (`x-linked-etag`, or an `etag` of
 * 64 hex digits: the hub's id of a large file is its sha256).
 *
 * @throws ShoalError `model_download`, `model_room`; `model_hash`, after which the part is gone
 */
export async function downloadFile(url: string, options: DownloadOptions): Promise<void> {
  const part = `${options.path}.part`
  await mkdir(dirname(options.path), { recursive: true })
  for (let tries = 1; ; tries++) {
    const before = await sizeOf(part)
    try {
      const hash = await fetchRest(url, part, before, options)
      if (hash === null) return
      await checkHash(hash, part, url)
      await rename(part, options.path)
      return
    } catch (cause) {
      if (cause instanceof ShoalError || options.signal?.aborted) throw cause
      const gained = (await sizeOf(part)) - before
      if (gained > 0 && tries < MAX_TRIES) continue
      const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
      if (gained > 0 || before > 0) {
        throw refusal(url, `the connection broke (${reason}); run it again to go on where it stopped`)
      }
      throw refusal(url, `can't reach the server (${reason}). ${options.advice}`)
    }
  }
}

/** @returns the file's hash and the one it should have, or null where an optional file does not exist */
async function fetchRest(url: string, part: string, offset: number, options: DownloadOptions) {
  const answer = await follow(url, offset, options.signal)
  const { statusCode, headers, body } = answer
  if (statusCode === 404 && options.isOptional) {
    await body.dump()
    return null
  }
  // a part that nobody can check, or that the server won't continue, is worth nothing
  const expected = options.sha512 ?? options.sha256 ?? answer.sha256
  const isRest = statusCode === 206 && `${headers['content-range']}`.startsWith(`bytes ${offset}-`)
  if (offset > 0 && (statusCode === 416 || (statusCode === 206 && !(isRest && expected !== undefined)))) {
    await body.dump()
    await rm(part, { force: true })
    return fetchRest(url, part, 0, options)
  }
  if (statusCode !== 200 && !isRest) {
    await body.dump()
    throw refusal(url, explainStatus(statusCode, options.advice))
  }
  const start = isRest ? offset : 0
  const length = headers['content-length'] === undefined ? null : Number(headers['content-length'])
  const total = length === null ? null : start + length
  if (total !== null && options.bytes !== undefined && total !== options.bytes) {
    await body.dump()
    await rm(part, { force: true })
    throw new ShoalError('model_hash', `${url}: it has ${total} bytes, and should have ${options.bytes}`)
  }
  const limit = options.bytes ?? MAX_FILE_BYTES
  if (total !== null && !(total <= limit)) {
    await body.dump()
    throw refusal(url, `the file has ${total} bytes, more than the limit ${limit}`)
  }
  try {
    await checkFree(dirname(part), (total ?? start) - start)
  } catch (error) {
    await body.dump()
    throw error
  }
  const algorithm = options.sha512 === undefined ? 'sha256' : 'sha512'
  const hash = createHash(algorithm)
  if (start > 0) await pipeline(createReadStream(part), hash, { end: false })
  let bytes = start
  async function* count(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > limit) throw refusal(url, `the file is longer than ${limit} bytes`)
      hash.update(chunk)
      options.onProgress?.({ file: options.name, bytes, total })
      yield chunk
    }
  }
  await pipeline(body, count, createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }))
  return { hash, algorithm, expected }
}

/** @returns the answer after redirects, and the sha256 that any server on the way gave */
async function follow(url: string, offset: number, signal: AbortSignal | undefined) {
  let sha256: string | undefined
  let location = new URL(url)
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer: Dispatcher.ResponseData = await request(location, {
      headers: { 'user-agent': 'shoal', ...(offset > 0 && { range: `bytes=${offset}-` }) },
      headersTimeout: HEADERS_TIMEOUT_MS + CONNECT_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
      signal: signal ?? null,
    })
    const { statusCode, headers, body } = answer
    for (const tag of [headers['x-linked-etag'], headers.etag]) {
      sha256 ??= /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(`${tag}`)?.[1]
    }
    if (statusCode < 300 || statusCode > 399) return { statusCode, headers, body, sha256 }
    await body.dump()
    const next = URL.parse(`${headers.location}`, location.href)
    if (headers.location === undefined || next === null) throw refusal(url, 'a redirect leads nowhere')
    if (location.protocol === 'https:' && next.protocol !== 'https:') {
      throw refusal(url, `a redirect leads away from https, to ${next.origin}`)
    }
    location = next
  }
  throw refusal(url, `more than ${MAX_REDIRECTS} redirects`)
}

async function checkHash(
  { hash, algorithm, expected }: { hash: Hash; algorithm: string; expected: string | undefined },
  part: string,
  url: string,
) {
  const found = hash.digest('hex')
  if (expected === undefined || found === expected) return
  await rm(part, { force: true })
  const hashes = `it has ${algorithm} ${found}, and should have ${expected}`
  throw new ShoalError(
    'model_hash',
    `${url}: ${hashes}. The download was deleted; try again, or another revision`,
  )
}

function explainStatus(status: number, advice: string): string {
  if (status === 401 || status === 403) {
    return `the server answered ${status}: no such repository, or only for those who log in. ${advice}`
  }
  if (status === 404) return 'the server answered 404: no such repository, revision, or precision'
  return `the server answered ${status}; try again later`
}

function refusal(url: string, reason: string): ShoalError {
  return new ShoalError('model_download', `${url}: ${reason}`)
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0
}
