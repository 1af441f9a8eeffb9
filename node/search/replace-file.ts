import { open, rename } from 'node:fs/promises'

/** What an unfinished file's name ends in. */
export const UNFINISHED = '.unfinished'

/** Write a file that is there whole or as it was before, however the process ends. */
export async function replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`
  const file = await open(unfinished, 'w')
  try {
    await file.writev(parts as Uint8Array[])
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
}
