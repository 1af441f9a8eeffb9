import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

export interface PageFile {
  type: string
  etag: string
  bytes: Buffer
}

/** What the page consists of, by its address. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const dir = new URL('page/', import.meta.url)
  const files = new Map<string, PageFile>()
  for (const name of await readdir(dir)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const bytes = await readFile(new URL(name, dir))
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
    files.set(name === 'index.html' ? '/' : `/${name}`, { type, etag, bytes })
  }
  return files
}
