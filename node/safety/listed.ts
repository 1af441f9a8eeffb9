import { finderIn, uniteHashes } from '../../protocol/rules/hash-set.ts'
import { removerOf, type Subjects } from '../../protocol/rules/remove.ts'
import { sha256 } from '../sha256.ts'
import { LIST_KINDS, LIST_WIDTHS, type ListKind, type ListSets } from './blocklist.ts'
import { indexPdq } from './pdq-index.ts'
import { turnPdq } from './turn-pdq.ts'

/** Hashes of an image's file that it can be listed by, dear ones last. */
const FILE_KINDS = ['sha256', 'sha1', 'md5'] as const

/** All that some blocklists have, to be looked up in. */
export interface Listed {
  isEmpty: boolean
  sets: ListSets
  /** what of it can be looked up as removals are; the rest are `hasFile` and `hasPicture` */
  subjects: Subjects
  /** Whether an image's address, its host or that of its page is listed. */
  hasAddress(url: string, pageUrl: string): boolean
  /** @param digest - gives the file's hash, of as many bytes as its kind has */
  hasFile(digest: (kind: (typeof FILE_KINDS)[number]) => Uint8Array | null): boolean
  /**
   * Whether a picture is near a listed one, mirrored or turned as it may be. What is turned is known best by its own hash;
   * those of one that is not at hand are reckoned from its own, see `turnPdq`.
   *
   * @param pdq - 64 hex digits; or several, of the picture as it was turned
   */
  hasPicture(pdq: string | readonly string[]): boolean
}

const NONE = new Uint8Array(new SharedArrayBuffer(0))

export function uniteLists(lists: readonly ListSets[]): Listed {
  const sets = {} as Record<ListKind, Uint8Array>
  for (const kind of LIST_KINDS)
    sets[kind] =
      lists.length === 0
        ? NONE
        : uniteHashes(
            lists.map((list) => list[kind]),
            LIST_WIDTHS[kind],
          )
  const finders = FILE_KINDS.filter((kind) => sets[kind].length > 0).map((kind) => ({
    kind,
    has: finderIn(sets[kind], LIST_WIDTHS[kind]),
  }))
  const subjects = { pair: NONE, url: sets.url, origin: sets.host, image: sets.sha256 }
  const isListed = removerOf({ ...subjects, image: NONE }, sha256)
  let isNear: ReturnType<typeof indexPdq> | null = null
  return {
    isEmpty: LIST_KINDS.every((kind) => sets[kind].length === 0),
    sets,
    subjects,
    hasAddress: (url, pageUrl) => isListed({ uid: '', url, page_url: pageUrl, sha256: '' }),
    hasFile: (digest) =>
      finders.some(({ kind, has }) => {
        const bytes = digest(kind)
        return bytes !== null && has(bytes)
      }),
    hasPicture(pdq) {
      if (sets.pdq.length === 0) return false
      isNear ??= indexPdq(sets.pdq)
      const turned = typeof pdq === 'string' ? turnPdq(pdq) : pdq.map((one) => Buffer.from(one, 'hex'))
      return turned.some(isNear)
    },
  }
}
