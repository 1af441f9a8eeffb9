import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Manifest } from '../../protocol/records/manifest.ts'
import { openTable, saveFile } from '../shard/shard.ts'
import type { Blocks } from '../store/store.ts'
import { type Hidden, hidesNothing } from './hidden.ts'
import { inThread } from './in-thread.ts'
import { lookForHidden } from './look-for-hidden.ts'

/**
 * Write a plain copy of a shard's file, without rows that are hidden. Of outcomes there is none then: they say what else
 * was met where those rows were. It appears under its name only when it is complete.
 *
 * @returns its path, or null where none was written
 * @throws ShoalError as `openTable`; `shard_parquet`
 */
export async function saveShown(
  blocks: Blocks,
  file: Manifest['files'][number],
  hidden: Hidden,
  path: string,
): Promise<string | null> {
  const isWhole = hidesNothing(hidden) || (await lookForHidden(blocks, file, hidden)) === 'nothing'
  if (isWhole) return saveFile(blocks, file.cid, path)
  if (file.name !== 'pairs.parquet') return null
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${randomUUID()}.unfinished`
  try {
    const table = await openTable(blocks, file)
    let shown = 0
    for (const group of table.starts.keys()) {
      const part = await table.groupBytes(group)
      const task = { do: 'write', path: unfinished, file: table.file, part, hidden } as const
      shown += await inThread<number>(task, file.name)
    }
    const rows = await inThread<number>({ do: 'finish', path: unfinished }, file.name)
    if (rows !== shown)
      throw new ShoalError('shard_thread', `a thread was lost at work on ${path}: fetch it again`)
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
  return path
}
