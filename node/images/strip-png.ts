const SIGNATURE_BYTES = 8
/** length, type and check sum around a chunk's data */
const CHUNK_FRAME_BYTES = 12
/** Orientation is one short entry; a camera's EXIF with a thumbnail stays below this, as JPEG can't hold more. */
const MAX_EXIF_BYTES = 64 * 1024

/**
 * Take the chunks out of a PNG that do not change its pixels as we read them. Texts and profiles are deflated, and
 * libpng inflates up to 50 MB of each one before the first pixel: a file of 100 KB costs gigabytes.
 * Left are the critical chunks, transparency, and the EXIF block for its orientation.
 *
 * @returns the same bytes where there is nothing to take out
 */
export function stripPng(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kept: Uint8Array[] = []
  let from = 0
  let at = SIGNATURE_BYTES
  while (at + CHUNK_FRAME_BYTES <= bytes.length) {
    const length = view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    const end = Math.min(at + CHUNK_FRAME_BYTES + length, bytes.length)
    if (!isNeeded(type, length)) {
      if (from < at) kept.push(bytes.subarray(from, at))
      from = end
    }
    at = end
  }
  if (from === 0) return bytes
  return Buffer.concat([...kept, bytes.subarray(from)])
}

/** The first letter of a chunk's type is a capital where no decoder may ignore it (PNG specification, 5.4). */
function isNeeded(type: string, length: number): boolean {
  return /^[A-Z]/.test(type) || type === 'tRNS' || (type === 'eXIf' && length <= MAX_EXIF_BYTES)
}
