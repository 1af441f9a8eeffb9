import { varint } from 'multiformats'
import { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_BITSWAP_ENTRIES } from './limits.ts'

/** What somebody wants of a block, or wants no more. */
export interface WantEntry {
  cid: CID
  /** `have`: only whether it is there */
  want: 'block' | 'have'
  /** he wants no more of it */
  cancel: boolean
  /** tell where it is not there */
  sendDontHave: boolean
}

/** A message of `/ipfs/bitswap/1.2.0`. */
export interface BitswapMessage {
  wants: WantEntry[]
  /** whether these are all that the sender wants */
  full: boolean
  /** of sha2-256 alone, and nothing is said about whose bytes they are */
  blocks: Uint8Array[]
  presences: { cid: CID; has: boolean }[]
}

/** A message to be sent: blocks with their CIDs. */
export interface BitswapReply extends Partial<Omit<BitswapMessage, 'blocks'>> {
  blocks?: { cid: CID; bytes: Uint8Array }[]
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/**
 * As it goes over a stream: after its length, as a varint.
 *
 * @see https://specs.ipfs.tech/bitswap-protocol/
 */
export function encodeMessage({ wants, full, blocks, presences }: BitswapReply): Uint8Array {
  const parts: Uint8Array[] = []
  if (wants) parts.push(...field(1, [...wants.flatMap(encodeEntry), ...number(2, full ? 1 : 0)]))
  for (const { cid, bytes } of blocks ?? [])
    parts.push(...field(3, [...field(1, [prefixOf(cid)]), ...field(2, [bytes])]))
  for (const { cid, has } of presences ?? [])
    parts.push(...field(4, [...field(1, [cid.bytes]), ...number(2, has ? 0 : 1)]))
  return Buffer.concat([join([lengthOf(parts)]), ...parts])
}

function encodeEntry({ cid, want, cancel, sendDontHave }: WantEntry): Uint8Array[] {
  return field(1, [
    ...field(1, [cid.bytes]),
    ...number(2, 1),
    ...number(3, cancel ? 1 : 0),
    ...number(4, want === 'have' ? 1 : 0),
    ...number(5, sendDontHave ? 1 : 0),
  ])
}

/** Of a CID, all but the digest. */
function prefixOf({ version, code, multihash }: CID): Uint8Array {
  return join([version, code, multihash.code, multihash.size])
}

function field(id: number, parts: Uint8Array[]): Uint8Array[] {
  return [join([id * 8 + BYTES, lengthOf(parts)]), ...parts]
}

const lengthOf = (parts: Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0)

const number = (id: number, value: number) => (value === 0 ? [] : [join([id * 8 + VARINT, value])])

function join(numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.reduce((sum, one) => sum + varint.encodingLength(one), 0))
  let at = 0
  for (const one of numbers) {
    varint.encodeTo(one, bytes, at)
    at += varint.encodingLength(one)
  }
  return bytes
}

/**
 * Read a message without its length. Blocks are views of `bytes`. Fields that nobody knows are stepped over, as protobuf wants it.
 *
 * @throws ShoalError `bitswap_malformed`, also for more than MAX_BITSWAP_ENTRIES entries of any kind
 */
export function decodeMessage(bytes: Uint8Array): BitswapMessage {
  const message: BitswapMessage = { wants: [], full: false, blocks: [], presences: [] }
  let entries = 0
  const count = () => {
    if (++entries > MAX_BITSWAP_ENTRIES) throw malformed(`more than ${MAX_BITSWAP_ENTRIES} entries`)
  }
  for (const { id, value } of fields(bytes)) {
    if (typeof value === 'number') continue
    if (id === 1) {
      for (const inner of fields(value)) {
        if (inner.id === 2) message.full = inner.value !== 0
        if (inner.id !== 1 || typeof inner.value === 'number') continue
        count()
        message.wants.push(decodeEntry(inner.value))
      }
    } else if (id === 3) {
      count()
      message.blocks.push(pick(value)(2) ?? new Uint8Array())
    } else if (id === 4) {
      count()
      const inner = pick(value)
      message.presences.push({ cid: readCid(inner(1)), has: inner(2, 'number') !== 1 })
    }
  }
  return message
}

function decodeEntry(bytes: Uint8Array): WantEntry {
  const inner = pick(bytes)
  return {
    cid: readCid(inner(1)),
    want: inner(4, 'number') === 1 ? 'have' : 'block',
    cancel: (inner(3, 'number') ?? 0) !== 0,
    sendDontHave: (inner(5, 'number') ?? 0) !== 0,
  }
}

interface Pick {
  (id: number): Uint8Array | undefined
  (id: number, kind: 'number'): number | undefined
}

/** The fields of a small message by their numbers; of several with one number, the last. */
function pick(bytes: Uint8Array): Pick {
  const values = new Map<number, Uint8Array | number>()
  for (const { id, value } of fields(bytes)) if (id < 8) values.set(id, value)
  return ((id: number, kind?: 'number') => {
    const value = values.get(id)
    return (typeof value === 'number') === (kind === 'number') ? value : undefined
  }) as Pick
}

function readCid(bytes: Uint8Array | undefined): CID {
  try {
    return CID.decode(bytes ?? new Uint8Array())
  } catch (cause) {
    throw malformed((cause as Error).message)
  }
}

function* fields(bytes: Uint8Array): Generator<{ id: number; value: Uint8Array | number }> {
  let at = 0
  const next = () => {
    const [value, length] = readNumber(bytes, at)
    at += length
    return value
  }
  while (at < bytes.length) {
    const key = next()
    const kind = key % 8
    if (kind === VARINT) {
      yield { id: (key - kind) / 8, value: next() }
      continue
    }
    if (kind !== BYTES && kind !== FIXED64 && kind !== FIXED32)
      throw malformed(`a field of wire type ${kind}`)
    const length = kind === BYTES ? next() : kind === FIXED64 ? 8 : 4
    if (length > bytes.length - at) throw malformed('it ends in the middle of a field')
    if (kind === BYTES) yield { id: (key - kind) / 8, value: bytes.subarray(at, at + length) }
    at += length
  }
}

/** Protobuf's varints have up to ten bytes, where they are negative: all that matters of those is that they are. */
function readNumber(bytes: Uint8Array, at: number): [value: number, length: number] {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) throw malformed('it ends in the middle of a number')
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return [value, i + 1]
  }
  throw malformed('a number of more than ten bytes')
}

function malformed(what: string): ShoalError {
  return new ShoalError('bitswap_malformed', `a message of bitswap: ${what}`)
}
