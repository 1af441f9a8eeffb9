import { CID } from 'multiformats/cid'
import { CODECS, SHA2_256 } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { chooseFormat, type Format } from './choose-format.ts'

export type Scope = 'block' | 'entity' | 'all'

/** Bytes of a file, both inclusive; negative: from its end; `to` null: to its end. */
export interface ByteRange {
  from: number
  to: number | null
}

export interface ContentRequest {
  root: CID
  /** names below the root */
  path: string[]
  format: Format
  scope: Scope
  range: ByteRange | null
  /** the base name that a browser is told to save it under */
  filename: string
}

/** Names of a path: each may cost a block. */
const MAX_PATH = 64
const IDENTITY = 0

/**
 * @param url - as it came, with its query
 * @throws ShoalError `cid_invalid`, `cid_unsupported`, `path_invalid`, `scope_invalid`, `range_invalid`; as `chooseFormat`
 */
export function readRequest(url: string, accept: string | undefined): ContentRequest {
  const at = url.indexOf('?')
  const [, , name = '', ...rest] = (at < 0 ? url : url.slice(0, at)).split('/')
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
  const root = parseRoot(name)
  const path = rest.filter((part) => part !== '').map(unescapePart)
  if (path.length > MAX_PATH)
    throw new ShoalError('path_invalid', `a path of ${path.length} names is longer than ${MAX_PATH}`)
  const format = chooseFormat(query, accept)
  if (format.type === 'raw' && path.length > 0)
    throw new ShoalError('path_invalid', 'a raw block is asked for by its CID, without a path')
  const range = parseRange(query.get('entity-bytes'))
  const scope = parseScope(query.get('dag-scope'), range === null ? 'all' : 'entity')
  const ending = format.type === 'raw' ? 'bin' : 'car'
  return { root, path, format, scope, range, filename: query.get('filename') ?? `${root}.${ending}` }
}

function parseRoot(text: string): CID {
  let cid: CID
  try {
    cid = CID.parse(text)
  } catch (cause) {
    throw new ShoalError('cid_invalid', `${JSON.stringify(text.slice(0, 80))} is no CID`, { cause })
  }
  const { code } = cid.multihash
  if (code !== SHA2_256 && code !== IDENTITY)
    throw new ShoalError(
      'cid_unsupported',
      `${cid} is named by a hash other than sha2-256: no such block is kept here`,
    )
  if (cid.version === 1 && !Object.values(CODECS).some((codec) => codec === cid.code) && code !== IDENTITY)
    throw new ShoalError(
      'cid_unsupported',
      `${cid} is of a codec other than raw, dag-cbor and dag-pb: none such is kept here`,
    )
  return cid
}

function unescapePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new ShoalError('path_invalid', 'the path is not well percent-encoded', { cause })
  }
}

function parseScope(text: string | null, otherwise: Scope): Scope {
  if (text === null) return otherwise
  if (text === 'block' || text === 'entity' || text === 'all') return text
  throw new ShoalError('scope_invalid', 'dag-scope is block, entity or all')
}

function parseRange(text: string | null): ByteRange | null {
  if (text === null) return null
  const [, from, to] = /^(-?\d{1,15}):(-?\d{1,15}|\*)$/.exec(text) ?? []
  const range = { from: Number(from), to: to === '*' ? null : Number(to) }
  const { from: first, to: last } = range
  // of one sign they can be compared before the file's size is known
  const isBackwards = last !== null && Math.sign(1 / first) === Math.sign(1 / last) && last < first
  if (from === undefined || isBackwards)
    throw new ShoalError('range_invalid', 'entity-bytes is FROM:TO, as 0:1023, -1024:* or 499:-1000')
  return range
}
