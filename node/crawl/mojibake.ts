/**
 * Bytes 80 to 9F as windows-1252 has them; the five it leaves out stand for themselves, as in the Encoding standard.
 */
const HIGH = new Map<number, number>(
  [...new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i))].map(
    (char, i) => [char.codePointAt(0) as number, 0x80 + i],
  ),
)
/** A character that windows-1252 makes of the first byte of a UTF-8 sequence, and one or more of what follow. */
const SUSPECT = /[\xc2-\xf4][\x80-\xbf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u2122]/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Undo the most common damage to text: UTF-8 that was read as windows-1252 (`cafÃ©` for `café`). It is repaired only
 * where the whole text goes back to bytes exactly, those are valid UTF-8, and what comes out can hardly have been
 * meant the other way: a sequence of three or four bytes, an accented Latin letter (from `Ã` or `Â`), or several
 * sequences. Other mixtures are left alone.
 */
export function repairMojibake(text: string): string {
  if (!SUSPECT.test(text)) return text
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const byte = HIGH.get(code) ?? code
    if (byte > 0xff) return text
    bytes[i] = byte
  }
  if (!isTelling(bytes)) return text
  try {
    return utf8.decode(bytes)
  } catch {
    return text
  }
}

function isTelling(bytes: Uint8Array): boolean {
  let pairs = 0
  for (const byte of bytes) {
    if (byte >= 0xe0 || byte === 0xc2 || byte === 0xc3) return true
    if (byte >= 0xc4) pairs++
  }
  return pairs >= 2
}
