import { HASH_BYTES } from '../limits.ts'
import { SUBJECTS } from '../records/removal.ts'
import { finderIn, packHashes } from './hash-set.ts'

export type SubjectKind = (typeof SUBJECTS)[number]

/** Of bytes, to the 32 bytes of their sha256. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** The subjects of all removals in force: of each kind a set as `packHashes` has it. They serve any number of threads. */
export type Subjects = { readonly [Kind in SubjectKind]: Uint8Array }

/** What of a row of `pairs.parquet` can be removed. */
export interface RemovableRow {
  uid: string
  url: string
  page_url: string
  /** of the image file, lower-case hex */
  sha256: string
}

/**
 * The hash by which a removal names its subject: sha256, in UTF-8, of
 *
 * - `pair`: the uid as the column has it;
 * - `url`: the image's address without scheme, credentials and fragment, as the URL Standard serialises the rest:
 *   whoever has an image removed means it over http and https alike;
 * - `origin`: the name of the host, without port. It stands for all hosts below it as well;
 * - `image`: nothing: it is the sha256 of the file itself, given in hex.
 *
 * @returns null for what is no such thing
 */
export function subjectHash(kind: SubjectKind, name: string, sha256: Sha256): Uint8Array | null {
  switch (kind) {
    case 'pair':
      return /^[0-9a-f]{32}$/.test(name) ? hashText(name, sha256) : null
    case 'url': {
      const url = parseWeb(name)
      return url && hashText(nameAddress(url), sha256)
    }
    case 'origin': {
      const url = parseWeb(/^https?:/i.test(name) ? name : `http://${name}`)
      return url && hashText(nameHost(url), sha256)
    }
    case 'image':
      return /^[0-9a-f]{64}$/.test(name) ? unhex(name) : null
  }
}

/** Hosts whose removal is remembered: a scan meets the same ones again and again. */
const MAX_HOSTS = 4096
const UTF8 = new TextEncoder()

/** Sets of subjects: of each kind the hashes, in any order and any number of times. */
export function packSubjects(hashes: { readonly [Kind in SubjectKind]: readonly Uint8Array[] }): Subjects {
  return perKind((kind) => {
    const all = new Uint8Array(hashes[kind].length * HASH_BYTES)
    for (const [i, hash] of hashes[kind].entries()) all.set(hash, i * HASH_BYTES)
    return packHashes(all)
  })
}

function perKind(make: (kind: SubjectKind) => Uint8Array): Subjects {
  return { pair: make('pair'), url: make('url'), origin: make('origin'), image: make('image') }
}

/**
 * What a release says of the removals applied to it: sha256 over the subjects in force, each as a byte (its kind's place
 * in SUBJECTS) and its hash, in ascending order. Whoever says it, it is the same for the same subjects.
 *
 * @returns null where there are none
 */
export function rootOf(subjects: Subjects, sha256: Sha256): Uint8Array | null {
  const count = SUBJECTS.reduce((sum, kind) => sum + subjects[kind].length / HASH_BYTES, 0)
  if (count === 0) return null
  const bytes = new Uint8Array(count * (1 + HASH_BYTES))
  let at = 0
  for (const [place, kind] of SUBJECTS.entries())
    for (let from = 0; from < subjects[kind].length; from += HASH_BYTES) {
      bytes[at] = place
      bytes.set(subjects[kind].subarray(from, from + HASH_BYTES), at + 1)
      at += 1 + HASH_BYTES
    }
  return sha256(bytes)
}

/**
 * Whether a row is removed: its pair, its image by address or content, or the site that either the image or the page is
 * on. A kind of which there is nothing costs nothing.
 *
 * @param all - sets of subjects that are looked up together, and need not be made one
 */
export function removerOf(
  all: Subjects | readonly Subjects[],
  sha256: Sha256,
): (row: RemovableRow) => boolean {
  const tests: ((row: RemovableRow) => boolean)[] = []
  function test(
    kind: SubjectKind,
    make: (has: (hash: Uint8Array | null) => boolean) => (typeof tests)[number],
  ) {
    const filled = [all].flat().filter((subjects) => subjects[kind].length > 0)
    if (filled.length === 0) return
    const finders = filled.map((subjects) => finderIn(subjects[kind]))
    tests.push(make((hash) => hash !== null && finders.some((find) => find(hash))))
  }
  test('image', (has) => (row) => has(subjectHash('image', row.sha256, sha256)))
  test('pair', (has) => (row) => has(subjectHash('pair', row.uid, sha256)))
  test('url', (has) => (row) => has(subjectHash('url', row.url, sha256)))
  test('origin', (has) => {
    const hosts = new Map<string, boolean>()
    let last = { page: '', isRemoved: false }
    function isOnRemoved(address: string): boolean {
      const url = parseWeb(address)
      if (url === null) return false
      const host = nameHost(url)
      const known = hosts.get(host)
      if (known !== undefined) return known
      const isRemoved = sitesOf(host).some((site) => has(hashText(site, sha256)))
      if (hosts.size >= MAX_HOSTS) hosts.clear()
      hosts.set(host, isRemoved)
      return isRemoved
    }
    return ({ url, page_url: page }) => {
      // rows of one page follow each other
      if (last.page !== page) last = { page, isRemoved: isOnRemoved(page) }
      return last.isRemoved || isOnRemoved(url)
    }
  })
  return (row) => tests.some((isRemoved) => isRemoved(row))
}

/** A host and those above it that have a dot; an IP address stands for itself alone. */
function sitesOf(host: string): string[] {
  if (/^\[|^[\d.]+$/.test(host)) return [host]
  const labels = host.split('.')
  return labels.flatMap((_, i) => (i === 0 || i < labels.length - 1 ? labels.slice(i).join('.') : []))
}

function parseWeb(address: string): URL | null {
  const url = URL.parse(address)
  return url !== null && /^https?:$/.test(url.protocol) ? url : null
}

function nameAddress(url: URL): string {
  return `${nameHost(url)}${url.port === '' ? '' : `:${url.port}`}${url.pathname}${url.search}`
}

/** Without the dot that ends a name of which nobody thinks. */
function nameHost({ hostname }: URL): string {
  return hostname.replace(/(?<=.)\.$/, '')
}

function hashText(text: string, sha256: Sha256): Uint8Array {
  return sha256(UTF8.encode(text))
}

function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (digitOf(text.charCodeAt(2 * i)) << 4) | digitOf(text.charCodeAt(2 * i + 1))
  return bytes
}

/** Of a hex digit in lower case. */
function digitOf(code: number): number {
  return code < 58 ? code - 48 : code - 87
}
