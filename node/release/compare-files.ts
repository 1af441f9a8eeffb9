import { openTable } from '../shard/shard.ts'
import type { Blocks } from '../store/store.ts'
import type { Lane } from './lanes.ts'
import { KEY_BYTES } from './limits.ts'
import type { PairsFile } from './select-rows.ts'

/**
 * Whether a file has the rows of another that are kept, in their order.
 *
 * @param keep - 1 for each row that is kept, from one row to before another; null: any rows, as long as they are in order
 */
export async function sameRows(
  blocks: Blocks,
  lane: Lane,
  original: PairsFile,
  released: PairsFile,
  keep: ((from: number, to: number) => Uint8Array) | null,
): Promise<boolean> {
  const left = rowsOf(blocks, lane, released)
  let next = await left.next()
  for await (const { row, digest } of rowsOf(blocks, lane, original)) {
    if (keep && keep(row, row + 1)[0] === 0) continue
    const isSame = !next.done && digest.equals(next.value.digest)
    if (isSame) next = await left.next()
    else if (keep) return false
  }
  return next.done === true
}

async function* rowsOf(
  blocks: Blocks,
  lane: Lane,
  file: PairsFile,
): AsyncGenerator<{ row: number; digest: Buffer }> {
  const table = await openTable(blocks, { ...file, name: 'pairs.parquet' })
  for (const [group, from] of table.starts.entries()) {
    const part = await table.groupBytes(group)
    const digests = Buffer.from(await lane.run<Uint8Array>({ do: 'digest', file: table.file, part }))
    for (let row = 0; row < digests.length / KEY_BYTES; row++)
      yield { row: from + row, digest: digests.subarray(row * KEY_BYTES, (row + 1) * KEY_BYTES) }
  }
}
