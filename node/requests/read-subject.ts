import { isIP } from 'node:net'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_ADDRESS_BYTES } from '../../protocol/limits.ts'
import { type SubjectKind, subjectHash } from '../../protocol/rules/remove.ts'
import { sha256 } from '../sha256.ts'

/** What somebody wants removed, as they wrote it. */
export interface Asked {
  kind: SubjectKind
  value: string
}

export interface Subject extends Asked {
  hash: Uint8Array
  /** whose owner may have it removed for good, or null where it has none: a picture may lie anywhere */
  host: string | null
}

const EXAMPLES: Readonly<Record<SubjectKind, string>> = {
  pair: 'a uid has 32 hex digits, as `shoal search` shows them',
  url: 'give the address of a picture, as https://example.org/photo.jpg',
  origin: 'give the name of a site, as example.org',
  image: 'give the sha256 of a picture, 64 hex digits',
}

/** @throws ShoalError `request_subject`, which says what the value must be */
export function readSubject({ kind, value: given }: Asked): Subject {
  const trimmed = given.trim()
  const value = kind === 'pair' || kind === 'image' ? trimmed.toLowerCase() : trimmed
  const hash = Buffer.byteLength(value) > MAX_ADDRESS_BYTES ? null : subjectHash(kind, value, sha256)
  const host = kind === 'url' ? hostOf(value) : kind === 'origin' ? hostOf(`http://${bare(value)}`) : null
  const isMissing = (kind === 'url' || kind === 'origin') && host === null
  if (hash === null || isMissing)
    throw new ShoalError(
      'request_subject',
      `${JSON.stringify(given.slice(0, 80))} names nothing to remove: ${EXAMPLES[kind]}`,
    )
  return { kind, value: kind === 'origin' ? host! : value, hash: new Uint8Array(hash), host }
}

/** Sites are typed as addresses, too. */
function bare(site: string): string {
  return site.replace(/^https?:\/\//i, '')
}

function hostOf(address: string): string | null {
  const host = URL.parse(address)?.hostname.replace(/(?<=.)\.$/, '') ?? ''
  return host === '' || (isIP(host.replace(/^\[|\]$/g, '')) === 0 && !host.includes('.')) ? null : host
}
