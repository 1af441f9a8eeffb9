import { decode as decodeNode } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import { CODECS } from '../../protocol/codec.ts'
import { type Blocks, makeMarks } from '../store/store.ts'
import { readBlock } from './read.ts'

/** Levels of a file's tree: 1,024 links a node and 1 MiB a leaf make a petabyte of three. */
const MAX_DEPTH = 4

/**
 * Every block of a file, once: a stranger's may name one any number of times. Of one that is not here, or deeper than any
 * file, its CID alone is told.
 */
export async function* blocksOf(
  blocks: Blocks,
  file: CID,
  depth = 0,
  seen = makeMarks(),
): AsyncGenerator<{ cid: CID; isHere: boolean }> {
  if (!seen.add(file.multihash.bytes, file.code)) return
  const isHere = depth <= MAX_DEPTH && (await blocks.has(file))
  yield { cid: file, isHere }
  if (isHere && file.code === CODECS['dag-pb'])
    for (const { Hash } of decodeNode(await readBlock(blocks, file)).Links)
      yield* blocksOf(blocks, Hash, depth + 1, seen)
}

/** Whether every block of the files is here, by name: leaves are not read. */
export async function isHeld(blocks: Blocks, files: readonly CID[]): Promise<boolean> {
  for (const file of files) for await (const { isHere } of blocksOf(blocks, file)) if (!isHere) return false
  return true
}
