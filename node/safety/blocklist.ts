import { createHash } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { ShoalError } from '../../protocol/errors.ts'

/**
 * By what something is listed, and bytes of an entry: the address of an image, the host of it or of its page, a hash of its
 * file, its PDQ. Addresses and hosts are kept as removals name them, see `subjectHash`.
 */
export const LIST_WIDTHS = { url: 32, host: 32, md5: 16, sha1: 20, sha256: 32, pdq: 32 } as const
export type ListKind = keyof typeof LIST_WIDTHS
export const LIST_KINDS = Object.keys(LIST_WIDTHS) as ListKind[]

/** What is listed: of each kind a set as `packHashes` makes it. */
export type ListSets = { readonly [Kind in ListKind]: Uint8Array }

/** What a list's file says of the sets behind its first line. */
export interface ListHead {
  name: string
  /** milliseconds since 1970 */
  addedAt: number
  entries: Record<ListKind, number>
}

interface StoredHead extends ListHead {
  /** of the sets, in lower-case hex: a list that the disk has changed must not pass for one that is kept */
  sha256: string
}

/** Write a list as it is kept: a line of JSON, then its sets. It is there whole, on the disk, or not at all. */
export async function saveList(path: string, head: ListHead, sets: ListSets): Promise<void> {
  const parts = LIST_KINDS.map((kind) => sets[kind])
  const line = JSON.stringify({ ...head, sha256: digestOf(parts) } satisfies StoredHead)
  const unfinished = `${path}.new`
  try {
    // nobody else on this machine is to read it
    const file = await open(unfinished, 'w', 0o600)
    try {
      for (const part of [Buffer.from(`${line}\n`), ...parts]) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (cause) {
    await rm(unfinished, { force: true })
    throw new ShoalError(
      'blocklist_unwritable',
      `can't keep a blocklist in ${path} (${(cause as Error).message}): check the disk and its permissions`,
      { cause },
    )
  }
}

/** @throws ShoalError `blocklist_broken` where it is not as it was written: nothing is looked up in a part of a list */
export async function loadList(path: string): Promise<{ head: ListHead; sets: ListSets }> {
  try {
    const bytes = await readFile(path)
    const end = bytes.indexOf('\n')
    const { sha256, ...head } = JSON.parse(bytes.toString('utf8', 0, end)) as StoredHead
    const sets = {} as Record<ListKind, Uint8Array>
    let at = end + 1
    for (const kind of LIST_KINDS) {
      const length = head.entries[kind] * LIST_WIDTHS[kind]
      sets[kind] = new Uint8Array(new SharedArrayBuffer(length))
      sets[kind].set(bytes.subarray(at, at + length))
      at += length
    }
    if (at !== bytes.length || digestOf(Object.values(sets)) !== sha256) throw new Error('it has changed')
    return { head, sets }
  } catch (cause) {
    throw new ShoalError(
      'blocklist_broken',
      `the blocklist in ${path} can't be read (${(cause as Error).message}): add the list again, or delete that file`,
      { cause },
    )
  }
}

function digestOf(parts: Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
