import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

/** Where a node's dashboard is, and what it takes to change anything there. */
export type DashboardKey = v.InferOutput<typeof KeySchema>

const KeySchema = v.object({ address: v.string(), token: v.string() })

/** Beside the control socket: a directory that nobody else gets into. */
function pathOf(dataDir: string): string {
  return join(dataDir, 'control', 'dashboard')
}

/** @returns null where none is there */
export async function readKey(dataDir: string): Promise<DashboardKey | null> {
  try {
    return v.parse(KeySchema, JSON.parse(await readFile(pathOf(dataDir), 'utf8')))
  } catch {
    return null
  }
}

/** Write it for its owner's eyes alone, whole from its first moment. */
export async function writeKey(dataDir: string, key: DashboardKey): Promise<void> {
  const path = pathOf(dataDir)
  await mkdir(join(dataDir, 'control'), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomUUID()}.new`
  await writeFile(temporary, JSON.stringify(key), { mode: 0o600 })
  await rename(temporary, path)
}

export async function removeKey(dataDir: string): Promise<void> {
  await rm(pathOf(dataDir), { force: true })
}
