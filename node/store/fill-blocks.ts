import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import type { Blocks } from './blocks.ts'

/** @returns a block whose bytes have been hashed to this CID, or null where nobody has it */
export type FetchBlock = (cid: CID) => Promise<Uint8Array | null>

/**
 * The same blocks, where `get` asks for those that are not here, and keeps them.
 *
 * @throws ShoalError `block_missing`, from `get`, where nobody has it
 */
export function fillBlocks(blocks: Blocks, fetchBlock: FetchBlock): Blocks {
  return new Proxy(blocks, {
    get(target, name) {
      if (name !== 'get') return Reflect.get(target, name, target)
      return async function* (cid: CID) {
        if (!(await target.has(cid))) {
          const bytes = await fetchBlock(cid)
          if (bytes === null || bytes.length > MAX_RECORD_BYTES)
            throw new ShoalError(
              'block_missing',
              `nobody gives block ${cid}: try again when a node that has it is there`,
            )
          await target.put(cid, bytes)
        }
        yield* target.get(cid)
      }
    },
  })
}
