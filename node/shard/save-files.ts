import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Manifest } from '../../protocol/records/manifest.ts'
import type { Blocks } from '../store/store.ts'
import { readFile } from './table.ts'

/**
 * Write plain copies of a shard's files, block by block checked, to a directory; each appears under its name
 * only when it is complete.
 *
 * @returns the files' paths by name
 */
export async function saveFiles(
  blocks: Blocks,
  { files }: Pick<Manifest, 'files'>,
  dir: string,
): Promise<Record<string, string>> {
  await mkdir(dir, { recursive: true })
  const paths: Record<string, string> = {}
  for (const file of files) {
    const path = join(dir, file.name)
    const unfinished = `${path}.${randomUUID()}.unfinished`
    try {
      await pipeline(readFile(blocks, file), createWriteStream(unfinished, { flags: 'wx', flush: true }))
      await rename(unfinished, path)
    } finally {
      await rm(unfinished, { force: true })
    }
    paths[file.name] = path
  }
  return paths
}
