import { unixfs } from '@helia/unixfs'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { type Blocks, type FetchBlock, fillBlocks, readFile } from '../store/store.ts'

/** Bytes of a list: three times Common Crawl's longest. */
const MAX_LIST_BYTES = 48 * 1024 * 1024
/** Lists kept ready, each some tens of megabytes: of the campaign at work, and one that is looked at. */
const MAX_KEPT = 2
const kept = new WeakMap<Blocks, LRUCache<string, string[]>>()

/** Keep a list of entries as UnixFS, one raw block where it fits into one. @returns its CID */
export async function storeEntries(blocks: Blocks, entries: readonly string[]): Promise<CID> {
  const bytes = new TextEncoder().encode(entries.map((entry) => `${entry}\n`).join(''))
  if (bytes.length > MAX_LIST_BYTES) throw tooLong()
  return unixfs({ blockstore: blocks }).addBytes(bytes, { profile: 'unixfs-v1-2025' })
}

/**
 * All entries of a list.
 *
 * @param fetchBlock - asked for blocks that are not here; what it gives is checked and kept
 * @throws ShoalError `list_long`; as `readFile`
 */
export async function readEntries(blocks: Blocks, list: CID, fetchBlock?: FetchBlock): Promise<string[]> {
  const lists = kept.get(blocks) ?? new LRUCache<string, string[]>({ max: MAX_KEPT })
  kept.set(blocks, lists)
  const known = lists.get(list.toString())
  if (known) return known
  const blockstore = fetchBlock ? fillBlocks(blocks, fetchBlock) : blocks
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of readFile(blockstore, { cid: list }, { length: MAX_LIST_BYTES + 1 })) {
    bytes += part.length
    if (bytes > MAX_LIST_BYTES) throw tooLong()
    parts.push(part)
  }
  const entries = new TextDecoder().decode(Buffer.concat(parts)).split('\n')
  if (entries.at(-1) === '') entries.pop()
  lists.set(list.toString(), entries)
  return entries
}

function tooLong(): ShoalError {
  return new ShoalError(
    'list_long',
    `a list has more than ${MAX_LIST_BYTES} bytes: divide it into several campaigns`,
  )
}
