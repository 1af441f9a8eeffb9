import { walkPath } from 'ipfs-unixfs-exporter'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { type Block, type BlockReader, readWhole } from '../car/car.ts'

export interface Resolved {
  /** what proves the way to the terminus, in its order, without it */
  way: Block[]
  terminus: CID
}

/**
 * Go down from a root through the maps of DAG-CBOR and the directories of UnixFS, sharded ones as well. A path may end
 * inside a block: then that block is the terminus.
 *
 * @throws ShoalError `path_unknown`; `block_missing`, `block_corrupt`
 */
export async function resolvePath(
  blocks: BlockReader,
  root: CID,
  path: readonly string[],
): Promise<Resolved> {
  if (path.length === 0) return { way: [], terminus: root }
  const way: Block[] = []
  let terminus = root
  const recorded: BlockReader = {
    async *get(cid) {
      const bytes = await readWhole(blocks, cid)
      if (!way.some((block) => block.cid.equals(cid))) way.push({ cid, bytes })
      yield bytes
    },
  }
  try {
    const names = path.map((name) => name.replaceAll('/', '\\/'))
    for await (const entry of walkPath([root, ...names].join('/'), recorded)) terminus = entry.cid
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause
    throw new ShoalError('path_unknown', `there is no /${path.join('/')} below ${root}`, { cause })
  }
  return { way: way.filter(({ cid }) => !cid.equals(terminus)), terminus }
}
