import { decodeHTML } from 'entities/decode'
import { repairMojibake } from './mojibake.ts'

/** Passes until nothing changes; ordinary text needs one, text made to be awkward gets no more. */
const MAX_PASSES = 8

/** Printable ASCII without `&` and without white space at the ends or twice in a row: already normal. */
const NORMAL = /^(?:[!-%'-~]+(?: [!-%'-~]+)*)?$/

/** ftfy's control characters: no use in text. Zero-width joiners stay: emoji and several scripts need them. */
const CONTROLS = /\x1b\[[\d;]*[a-zA-Z]|[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\uffFC]/g
/** C1 controls are windows-1252 read as Latin-1. */
const C1 = /[\x80-\x9f]/g
const LIGATURES = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g
const WIDE = /[\u3000\uff01-\uffef]/g
const SINGLE_QUOTES = /[\u02bc\u2018-\u201b]/g
const DOUBLE_QUOTES = /[\u201c-\u201f]/g

/**
 * A text as CLIP's tokeniser expects it, so that its ids are those of the model's own training code, which cleans
 * texts with ftfy and unescapes entities twice: entities unescaped, UTF-8 that was read as windows-1252 repaired,
 * control characters removed, ligatures and full- and half-width forms folded, curly quotes straightened,
 * lone surrogates replaced, NFC, white space folded to single spaces. Case is the tokeniser's own business.
 * Applying it twice changes nothing.
 */
export function normalizeText(text: string): string {
  let normal = text
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    if (NORMAL.test(normal)) return normal
    const next = normalizeOnce(normal)
    if (next === normal) return normal
    normal = next
  }
  return normal
}

function normalizeOnce(text: string): string {
  let normal = text
  // one pass for `&amp;amp;…`, however deep
  if (normal.includes('&')) normal = decodeHTML(normal.replace(/&(?:amp;)+/g, '&'))
  if (/[^ -~]/.test(normal)) {
    normal = repairMojibake(normal.toWellFormed())
      .replace(CONTROLS, '')
      .replace(C1, (char) => windows1252.decode(Uint8Array.of(char.charCodeAt(0))).replace(C1, ''))
      .replace(LIGATURES, (char) => char.normalize('NFKC'))
      .replace(WIDE, (char) => char.normalize('NFKC'))
      .replace(SINGLE_QUOTES, "'")
      .replace(DOUBLE_QUOTES, '"')
      .normalize('NFC')
  }
  return normal.replace(/\s+/g, ' ').trim()
}

const windows1252 = new TextDecoder('windows-1252')
