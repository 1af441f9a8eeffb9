import * as dagPb from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import { CODECS } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { type Block, type BlockReader, readWhole } from '../car/car.ts'
import { makeMarks } from '../store/store.ts'
import type { ByteRange } from './read-request.ts'

const IDENTITY = 0

interface Span {
  first: number
  last: number
}

interface Entity {
  /** bytes of a file; null of anything else */
  size: number | null
}

/** What a terminus is. @throws ShoalError `block_missing`, `block_corrupt` */
export async function describeEntity(blocks: BlockReader, cid: CID): Promise<Entity> {
  if (cid.code === CODECS.raw) return { size: (await readWhole(blocks, cid)).length }
  const node = cid.code === CODECS['dag-pb'] ? readNode(await readWhole(blocks, cid)) : null
  return { size: node !== null && isFile(node.unixfs) ? Number(node.unixfs.fileSize()) : null }
}

/**
 * The part of a file that a range names, by https://specs.ipfs.tech/http-gateways/trustless-gateway/#entity-bytes-request-query-parameter
 *
 * @returns null for a range of no bytes
 * @throws ShoalError `range_outside`
 */
export function resolveRange({ from, to }: ByteRange, size: number): Span | null {
  const first = from < 0 ? size + from : from
  const last = to === null ? size - 1 : to < 0 ? size + to : to
  if (size > 0 && (first >= size || (last < 0 && first <= last)))
    throw new ShoalError('range_outside', `the file has ${size} bytes: none of entity-bytes lies within`)
  const span = { first: Math.max(0, first), last: Math.min(size - 1, last) }
  return span.first <= span.last ? span : null
}

/**
 * The blocks of one entity, depth first: of a UnixFS file all, or those that a span needs; of a sharded directory those
 * that list it; of anything else its own.
 *
 * @param dups - give a block each time it is met. Else none is read again whose part of a file was given whole: where each
 *   block names the next one twice, who waits for a new one would wait for ever
 * @throws ShoalError `block_missing`, `block_corrupt`
 */
export async function* walkEntity(
  blocks: BlockReader,
  root: CID,
  span: Span | null,
  dups: boolean,
): AsyncGenerator<Block> {
  const seen = makeMarks()
  const open: Part[] = [{ cid: root, span }]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { cid } = part
    const { bytes: multihash, code } = cid.multihash
    // what lies in its own name can't be there more often than it is written
    if (!dups && part.span === null && code !== IDENTITY && !seen.add(multihash, cid.code)) continue
    const bytes = await readWhole(blocks, cid)
    yield { cid, bytes }
    for (const below of partsOf(cid, bytes, part.span).reverse()) open.push(below)
  }
}

interface Part {
  cid: CID
  /** null: all of it */
  span: Span | null
}

function partsOf(cid: CID, bytes: Uint8Array, span: Span | null): Part[] {
  const node = cid.code === CODECS['dag-pb'] ? readNode(bytes) : null
  if (node === null) return []
  const { links, unixfs } = node
  if (unixfs.type === 'hamt-sharded-directory') {
    // shorter names are prefixes alone: of a shard below
    const prefix = (Number(unixfs.fanout ?? 256n) - 1).toString(16).length
    return links.flatMap(({ Name, Hash }) =>
      (Name ?? '').length === prefix ? { cid: Hash, span: null } : [],
    )
  }
  if (!isFile(unixfs)) return []
  const parts: Part[] = []
  let start = unixfs.data?.length ?? 0
  for (const [i, { Hash }] of links.entries()) {
    const end = start + Number(unixfs.blockSizes[i] ?? 0n)
    if (span === null) parts.push({ cid: Hash, span: null })
    else if (span.first < end && span.last >= start) {
      // whatever lies beyond is not this part's, even where it says of itself that it is longer
      const first = Math.max(0, span.first - start)
      const last = span.last >= end - 1 ? Number.POSITIVE_INFINITY : span.last - start
      parts.push({
        cid: Hash,
        span: first === 0 && last === Number.POSITIVE_INFINITY ? null : { first, last },
      })
    }
    start = end
  }
  return parts
}

const isFile = ({ type }: UnixFS) => type === 'file' || type === 'raw'

/** @returns null for what is no UnixFS */
function readNode(bytes: Uint8Array): { links: dagPb.PBLink[]; unixfs: UnixFS } | null {
  try {
    const { Data, Links } = dagPb.decode(bytes)
    return Data === undefined ? null : { links: Links, unixfs: UnixFS.unmarshal(Data) }
  } catch {
    return null
  }
}
