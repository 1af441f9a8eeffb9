import { decode } from 'cborg'
import { isTrainingMining } from '../../../protocol/rules/training-mining.ts'

/** Boxes within boxes: a store, a manifest, its assertions, an assertion, its content; and some to spare. */
const MAX_DEPTH = 8
/** Boxes looked at: a store with a hundred manifests has fewer. */
const MAX_BOXES = 4_096
/** Bytes of one assertion of this kind: four entries with the reasons for each. */
const MAX_ASSERTION_BYTES = 64 * 1024
/** Dates and the like are read as what they are made of: none of them decides anything. */
const TAGS = Array.from({ length: 64 }, () => (content: () => unknown) => content())

/**
 * The training and mining assertions of every manifest in a C2PA store, that of a picture that went into this one
 * among them. They are read as they stand: a signature that fails makes nobody's refusal a permission.
 * JUMBF: ISO 19566-5; C2PA 2.1, 11.
 *
 * @returns the assertions, decoded from CBOR or JSON; those that don't decode are left out
 */
export function readTrainingMiningAssertions(store: Uint8Array): unknown[] {
  const bytes = Buffer.from(store.buffer, store.byteOffset, store.byteLength)
  const found: unknown[] = []
  let left = MAX_BOXES

  function walk(start: number, end: number, label: string, depth: number): void {
    let name = label
    for (let at = start; at + 8 <= end && left-- > 0; ) {
      const size = sizeAt(bytes, at, end)
      if (size === null) return
      const type = bytes.toString('latin1', at + 4, at + 8)
      const from = at + size.head
      const to = at + size.whole
      if (type === 'jumd') name = labelOf(bytes.subarray(from, to))
      else if (type === 'jumb' && depth < MAX_DEPTH) walk(from, to, '', depth + 1)
      else if (isTrainingMining(name) && to - from <= MAX_ASSERTION_BYTES) {
        const assertion = decodeContent(type, bytes.subarray(from, to))
        if (assertion !== undefined) found.push(assertion)
      }
      at = to
    }
  }

  walk(0, bytes.length, '', 0)
  return found
}

/** A box's length with its head, and the head's: 0 means to the end, 1 that the length is in 8 bytes more. */
function sizeAt(bytes: Buffer, at: number, end: number): { head: number; whole: number } | null {
  const short = bytes.readUInt32BE(at)
  if (short === 0) return { head: 8, whole: end - at }
  if (short !== 1) return short >= 8 && at + short <= end ? { head: 8, whole: short } : null
  if (at + 16 > end) return null
  const whole = Number(bytes.readBigUInt64BE(at + 8))
  return whole >= 16 && at + whole <= end ? { head: 16, whole } : null
}

/** A description box: type (16 bytes), toggles, and where their second bit is set a label that ends in a zero. */
function labelOf(box: Buffer): string {
  if (box.length < 18 || ((box[16] ?? 0) & 2) === 0) return ''
  const end = box.indexOf(0, 17)
  return box.toString('utf8', 17, end === -1 ? box.length : end)
}

function decodeContent(type: string, bytes: Buffer): unknown {
  try {
    if (type === 'json') return JSON.parse(bytes.toString('utf8'))
    return type === 'cbor' ? decode(bytes, { tags: TAGS }) : undefined
  } catch {
    return undefined
  }
}
