import { decode as decodeNode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import { CODECS } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Blocks } from './blocks.ts'

interface Part {
  cid: CID
  /** bytes of the file before it, and its own; null of the root, which nothing tells */
  start: number
  size: number | null
}

/**
 * A file's bytes in order, a block at a time: of a UnixFS tree of raw leaves, as shards are laid out. Nothing goes on when
 * it ends or is broken off.
 *
 * @throws ShoalError `shard_bytes` where a block has more or fewer bytes than the one above says, or is of no such file;
 *   `block_missing`, `block_corrupt`
 */
export async function* readFile(
  blocks: Blocks,
  { cid }: { cid: CID },
  { offset = 0, length = Number.POSITIVE_INFINITY }: { offset?: number; length?: number } = {},
): AsyncGenerator<Uint8Array> {
  const end = offset + length
  const open: Part[] = [{ cid, start: 0, size: null }]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const read = await Array.fromAsync(blocks.get(part.cid))
    const bytes = read.length === 1 ? read[0]! : Buffer.concat(read)
    if (part.cid.code === CODECS.raw) {
      demandSize(part, bytes.length)
      const wanted = bytes.subarray(Math.max(0, offset - part.start), Math.max(0, end - part.start))
      if (wanted.length > 0) yield wanted
      continue
    }
    const children = childrenOf(part, bytes)
    for (const child of children.reverse())
      if (child.start < end && child.start + child.size! > offset) open.push(child)
  }
}

function childrenOf(part: Part, bytes: Uint8Array): Part[] {
  try {
    const { Data, Links } = decodeNode(bytes)
    const { type, data, blockSizes } = UnixFS.unmarshal(Data!)
    if (type !== 'file' || (data?.length ?? 0) > 0 || Links.length !== blockSizes.length)
      throw new Error('it is laid out otherwise')
    let at = part.start
    const children = Links.map(({ Hash }, i) => {
      const size = Number(blockSizes[i])
      at += size
      return { cid: Hash, start: at - size, size }
    })
    demandSize(part, at - part.start)
    return children
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause
    const message = `block ${part.cid} is no node of a file (${(cause as Error).message}); do not use it`
    throw new ShoalError('shard_bytes', message, { cause })
  }
}

function demandSize({ cid, size }: Part, found: number): void {
  if (size !== null && size !== found)
    throw new ShoalError('shard_bytes', `block ${cid} has ${found} bytes in place of ${size}; do not use it`)
}
