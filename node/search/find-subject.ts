import { hash as hashOf } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import { type Sha256, type SubjectKind, subjectHash } from '../../protocol/rules/remove.ts'
import type { Row } from '../shard/shard.ts'
import type { FindParts } from './find-hits.ts'
import type { Holdings } from './keep-index.ts'
import { keyOf } from './words.ts'

/** A row that a removal means. */
export interface Meant {
  url: string
  page: string
  text: string
}

/** Rows of one shard that are looked at. */
const MAX_PLACES = 1_000
/** Labels of a host's name that a site may have: the index knows no more. */
const MAX_LABELS = 8

const sha256: Sha256 = (bytes) => hashOf('sha256', bytes, 'buffer')

/**
 * Rows that a removal means, those that it hides as well: who decides on it has to know what it is. A removal has the
 * hash of what the index finds rows by, so that the index knows them.
 */
export async function findSubject(
  {
    openShard,
    findPlaces,
  }: Pick<FindParts, 'openShard'> & {
    findPlaces: (key: number, shards: string[], limit: number) => ReturnType<FindParts['findPlaces']>
  },
  held: Holdings,
  { kind, hash }: Removal['subject'],
  limit: number,
): Promise<Meant[]> {
  const key = kind === 'image' ? keyOf(Buffer.from(hash).toString('hex')) : Buffer.from(hash).readUInt32LE(0)
  const found = new Map<string, Meant>()
  for (const { manifest, row } of await findPlaces(key, [...held.shards.keys()], MAX_PLACES)) {
    if (found.size >= limit) break
    const cells = await openShard(CID.parse(manifest))
      .then((shard) => shard.row(row))
      .catch((error: unknown) => {
        if (error instanceof ShoalError) return null
        throw error
      })
    if (!cells || !namesOf(cells, kind).some((name) => isNamed(kind, name, hash))) continue
    const { uid, url, page_url: page, text } = cells as Record<'uid' | 'url' | 'page_url' | 'text', string>
    found.set(uid, { url, page, text })
  }
  return [...found.values()]
}

function namesOf(row: Row, kind: SubjectKind): string[] {
  const { uid, url, page_url: page, sha256: file } = row as Record<string, string>
  if (kind === 'pair') return [uid!]
  if (kind === 'image') return [file!]
  if (kind === 'url') return [url!]
  return [url!, page!].flatMap((address) => {
    const labels = (URL.parse(address)?.hostname ?? '').split('.')
    return labels.slice(-MAX_LABELS).map((_, i, last) => last.slice(i).join('.'))
  })
}

function isNamed(kind: SubjectKind, name: string, hash: Uint8Array): boolean {
  const own = subjectHash(kind, name, sha256)
  return own !== null && equalBytes(own, hash)
}
