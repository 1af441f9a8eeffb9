import { createHash } from 'node:crypto'
import { MAX_SCANNED_LISTS } from '../../protocol/limits.ts'
import { SCANNED_BY } from '../../protocol/records/attestation.ts'
import type { Blocklists } from '../safety/safety.ts'
import type { ScanLists } from './scan-files.ts'

type Kind = (typeof SCANNED_BY)[number]

/** Bytes of an entry. */
const WIDTHS: Readonly<Record<Kind, number>> = { url: 32, host: 32, md5: 16, sha256: 32, pdq: 32 }
/** Entries that are spelt out at once. */
const AT_ONCE = 10_000

/**
 * This machine's blocklists as rows are looked up in them: rows have no SHA-1, so what is listed by that is left out. Where
 * there are more lists than an attestation can name, it names each kind of all of them together.
 *
 * @throws ShoalError `blocklist_broken`
 */
export async function useBlocklists(lists: Pick<Blocklists, 'list' | 'read' | 'listed'>): Promise<ScanLists> {
  const listed = lists.listed()
  const each: ScanLists['lists'][number][] = []
  for (const { name } of lists.list()) each.push(...nameSets(await lists.read(name)))
  const named = each.length > MAX_SCANNED_LISTS ? nameSets(listed.sets) : each
  return {
    lists: named.filter(
      (one, i) =>
        named.findIndex(({ kind, digest }) => kind === one.kind && isSame(digest, one.digest)) === i,
    ),
    has({ url, page_url, md5, sha256, pdq }) {
      const hashes = { md5, sha256, sha1: null }
      return (
        listed.hasAddress(url, page_url) ||
        listed.hasFile((kind) => {
          const hex = hashes[kind]
          return hex === null ? null : Buffer.from(hex, 'hex')
        }) ||
        (pdq !== null && listed.hasPicture(pdq))
      )
    },
  }
}

function nameSets(sets: Readonly<Record<Kind, Uint8Array>>): ScanLists['lists'][number][] {
  return SCANNED_BY.flatMap((kind) => {
    const entries = sets[kind].length / WIDTHS[kind]
    return entries === 0 ? [] : { kind, digest: digestOf(sets[kind], WIDTHS[kind]), entries }
  })
}

/** What `sort -u | sha256sum` prints of a list's entries in lower-case hex: those of a set ascend already. */
function digestOf(packed: Uint8Array, width: number): Uint8Array {
  const hash = createHash('sha256')
  for (let from = 0; from < packed.length; from += AT_ONCE * width) {
    const hex = Buffer.from(packed.subarray(from, from + AT_ONCE * width)).toString('hex')
    hash.update(hex.replace(new RegExp(`.{${2 * width}}`, 'g'), '$&\n'))
  }
  return new Uint8Array(hash.digest())
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
