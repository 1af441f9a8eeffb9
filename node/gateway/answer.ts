import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { type Block, readWhole, walkBlocks, writeCar } from '../car/car.ts'
import type { Blocks } from '../store/store.ts'
import { contentTypeOf } from './choose-format.ts'
import { type ContentRequest, readRequest } from './read-request.ts'
import { type Resolved, resolvePath } from './resolve-path.ts'
import { describeEntity, resolveRange, walkEntity } from './walk-entity.ts'

/** A year, less a bit, as the specification of path gateways has it. */
const FOREVER = 'public, max-age=29030400, immutable'
const IDENTITY = 0

/**
 * Answer one request for `/ipfs/…` as https://specs.ipfs.tech/http-gateways/trustless-gateway/ asks, from the blocks that
 * are here alone.
 *
 * @throws ShoalError as `readRequest`, `resolvePath`, `resolveRange`; `block_missing`, `block_corrupt`
 */
export async function answer(stored: Blocks, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { url, headers } = request
  if (headers['service-worker'] === 'script')
    throw new ShoalError('service_worker', 'no service worker can be had from here')
  const asked = readRequest(url, headers.accept)
  const { root, format } = asked
  const blocks = withIdentity(stored)
  if (!(await blocks.has(root))) {
    const isCached = /\bonly-if-cached\b/i.test(headers['cache-control'] ?? '')
    throw new ShoalError(isCached ? 'block_uncached' : 'block_missing', `${root} is not here`)
  }
  reply.headers({
    'content-type': contentTypeOf(format),
    'content-disposition': dispositionOf(asked.filename),
    'cache-control': FOREVER,
    etag: etagOf(asked),
    'x-content-type-options': 'nosniff',
    'x-ipfs-path': (url.split('?')[0] as string).replace(/[^!-~]/g, encodeURIComponent),
    vary: 'Accept',
    ...locationOf(url, asked),
  })
  if (matches(headers['if-none-match'], etagOf(asked))) {
    reply.code(304).send()
    return
  }
  if (format.type === 'raw') await sendBlock(blocks, root, request, reply)
  else await sendCar(blocks, asked, request, reply)
}

async function sendBlock(
  blocks: Blocks,
  root: CID,
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const bytes = await readWhole(blocks, root)
  reply.headers({ 'accept-ranges': 'bytes', 'x-ipfs-roots': root.toString() })
  const range =
    method === 'GET' && headers['if-range'] === undefined ? readRange(headers.range, bytes.length) : null
  if (range === 'outside') {
    reply.code(416).header('content-range', `bytes */${bytes.length}`)
    throw new ShoalError('range_outside', `the block has ${bytes.length} bytes`)
  }
  const part = range === null ? bytes : bytes.subarray(range.first, range.last + 1)
  if (range !== null)
    reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${bytes.length}`)
  reply.header('content-length', part.length)
  if (method === 'HEAD') reply.send()
  else reply.send(part)
}

async function sendCar(
  blocks: Blocks,
  asked: ContentRequest,
  { method }: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const resolved = await resolvePath(blocks, asked.root, asked.path)
  if (!(await blocks.has(resolved.terminus)))
    throw new ShoalError('block_missing', `${resolved.terminus}, where the path ends, is not here`)
  const wanted = await chooseBlocks(blocks, asked, resolved)
  reply.header('accept-ranges', 'none')
  if (method === 'HEAD') {
    reply.send()
    return
  }
  const dups = asked.format.type === 'car' && asked.format.dups
  const sent = (async function* () {
    yield* resolved.way
    yield* wanted
  })()
  const shown = dups ? sent : onlyOnce(sent)
  reply.send(Readable.from(writeCar([asked.root], withoutIdentity(shown)), { objectMode: false }))
}

/** Nothing is read of them yet but what tells where a range lies. */
async function chooseBlocks(
  blocks: Blocks,
  { scope, range, format }: ContentRequest,
  { terminus }: Resolved,
): Promise<AsyncIterable<Block>> {
  const only = async function* () {
    yield { cid: terminus, bytes: await readWhole(blocks, terminus) }
  }
  const dups = format.type === 'car' && format.dups
  if (scope === 'block') return only()
  if (scope === 'all' && range === null) return walkBlocks(blocks, [terminus], { dups })
  if (range === null) return walkEntity(blocks, terminus, null, dups)
  const { size } = await describeEntity(blocks, terminus)
  if (size === null) return walkEntity(blocks, terminus, null, dups)
  const span = resolveRange(range, size)
  return span === null ? only() : walkEntity(blocks, terminus, span, dups)
}

async function* onlyOnce(blocks: AsyncIterable<Block>): AsyncGenerator<Block> {
  const seen = new Set<string>()
  for await (const block of blocks) {
    const name = Buffer.from(block.cid.bytes).toString('latin1')
    if (!seen.has(name)) yield block
    seen.add(name)
  }
}

async function* withoutIdentity(blocks: AsyncIterable<Block>): AsyncGenerator<Block> {
  for await (const block of blocks) if (block.cid.multihash.code !== IDENTITY) yield block
}

/** A block that its own CID holds is here. */
function withIdentity(blocks: Blocks): Blocks {
  return new Proxy(blocks, {
    get(target, name) {
      if (name === 'has')
        return async (cid: CID) => cid.multihash.code === IDENTITY || (await target.has(cid))
      if (name === 'get')
        return async function* (cid: CID) {
          if (cid.multihash.code === IDENTITY) yield cid.multihash.digest
          else yield* target.get(cid)
        }
      return Reflect.get(target, name, target)
    },
  })
}

/** The bytes of an answer follow from these, so that it is a strong one. */
function etagOf({ root, path, format, scope, range }: ContentRequest): string {
  if (format.type === 'raw') return `"${root}.raw"`
  const rest = JSON.stringify([path, scope, range, format.dups])
  return `"${root}.car.${createHash('sha256').update(rest).digest('hex').slice(0, 16)}"`
}

/** RFC 9110, 13.1.2: by weak comparison. */
function matches(header: string | undefined, etag: string): boolean {
  return (
    header?.split(',').some((tag) => {
      const trimmed = tag.trim()
      return trimmed === '*' || trimmed.replace(/^W\//, '') === etag
    }) ?? false
  )
}

/** RFC 9110, 14.2: one range; anything else is answered whole. */
function readRange(
  header: string | undefined,
  size: number,
): { first: number; last: number } | 'outside' | null {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return null
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(size - 1, Number(to))
  if (from !== '' && to !== '' && Number(to) < Number(from)) return null
  return first > last ? 'outside' : { first, last }
}

/** For caches: where this representation lies, if the address alone does not say so. */
function locationOf(url: string, { format }: ContentRequest): { 'content-location'?: string } {
  const [path = '', query = ''] = url.split('?', 2)
  const parameters = new URLSearchParams(query)
  if (parameters.has('format')) return {}
  parameters.set('format', format.type)
  if (format.type === 'car' && format.dups) parameters.set('car-dups', 'y')
  return { 'content-location': `${path}?${parameters}`.replace(/[^!-~]/g, encodeURIComponent) }
}

/** RFC 6266 and 8187. */
function dispositionOf(filename: string): string {
  const base = filename.slice(0, 200).toWellFormed()
  const plain = base.replace(/[^ !#-[\]-~]/g, '_')
  const extended = encodeURIComponent(base).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${plain}"${plain === base ? '' : `; filename*=UTF-8''${extended}`}`
}
