import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { CID } from 'multiformats/cid'
import type { Manifest } from '../../protocol/records/manifest.ts'
import { type Blocks, readFile } from '../store/store.ts'

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
  const paths: Record<string, string> = {}
  for (const { name, cid } of files) paths[name] = await saveFile(blocks, cid, join(dir, name))
  return paths
}

/** Write a plain copy of a file, which appears under its name only when it is complete. @returns its path */
export async function saveFile(blocks: Blocks, cid: CID, path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${randomUUID()}.unfinished`
  try {
    await pipeline(readFile(blocks, { cid }), createWriteStream(unfinished, { flags: 'wx', flush: true }))
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
  return path
}
