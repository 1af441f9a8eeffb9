import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openHiding } from '../../../node/denied/denied.ts'
import { type Home, openHome } from '../../../node/home.ts'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { openRemovals, type Removals } from '../../../node/removals/removals.ts'
import { type Search, startSearch } from '../../../node/search/search.ts'
import { gzipEach, httpResponse, warcRecord } from '../crawl/make-warc.ts'
import { crawl, withNode } from '../with-node.ts'

/** Pictures of the demo, by the words that describe them. */
export const PICTURES = {
  'a red apple': 'noto-red-apple.webp',
  'a yellow banana': 'fluent-emoji-flat-banana.jpg',
  'a penguin': 'fluent-emoji-flat-penguin.jpg',
  'a frog': 'noto-frog.webp',
  'a slice of pizza': 'noto-pizza.jpg',
  'a lion': 'fluent-emoji-flat-lion.jpg',
  'a guitar': 'noto-guitar.webp',
  'a rocket': 'noto-rocket.jpg',
} as const
export const LATER = { 'a carrot': 'twemoji-carrot.jpg', 'a koala': 'fluent-emoji-flat-koala.webp' } as const

const FILES = new URL('../../../cli/demo/files/', import.meta.url)
export const fileOf = (name: string) => fileURLToPath(new URL(name, FILES))
export const addressOf = (name: string) => `http://img.pictures.example/all/${name}`
export const pageOf = (name: string) => `http://www.pages.example/${name}.html`

const TYPES: Record<string, string> = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' }

/** A WARC of a page a picture, which holds the pictures as well. @returns its path */
async function makeArchive(dir: string, name: string, pictures: Record<string, string>): Promise<string> {
  const records = Object.entries(pictures).flatMap(([text, file]) => {
    const page = `<html><body><img src="${addressOf(file)}" alt="${text}"></body></html>`
    const type = TYPES[file.replace(/.*\./, '')]!
    return [
      warcRecord(httpResponse(page), { 'WARC-Target-URI': pageOf(file) }),
      warcRecord(httpResponse(readFileSync(fileOf(file)), { 'Content-Type': type }), {
        'WARC-Target-URI': addressOf(file),
      }),
    ]
  })
  const path = join(dir, name)
  await writeFile(path, gzipEach(records))
  return path
}

/** Crawls them into a data directory, each whatever it scores. @returns the manifest */
export async function crawlPictures(
  dir: string,
  dataDir: string,
  name: string,
  pictures: Record<string, string>,
): Promise<string> {
  const archive = await makeArchive(dir, name, pictures)
  return withNode(dir, { dataDir }, async (node) => {
    const [result] = await crawl(node, [archive], { threshold: -1 })
    return result!.manifest
  })
}

/** Opens a data directory as a command does where no daemon runs. */
export async function openSearch(
  dataDir: string,
): Promise<{ home: Home; search: Search; removals: Removals; close(): Promise<void> }> {
  const home = await openHome(dataDir)
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  const removals = await openRemovals({ ...home, ledger, clock: Date.now })
  const hiding = openHiding(removals, [])
  const search = startSearch({ home, ledger, hiding }, { dataDir, threads: 2 })
  return {
    ...{ home, search, removals },
    async close() {
      await search.close()
      await removals.close()
      await ledger.close()
      await home.close()
    },
  }
}
