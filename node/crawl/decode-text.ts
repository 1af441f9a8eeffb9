import { isUtf8 } from 'node:buffer'
import sniffEncoding from 'html-encoding-sniffer'

/** The HTML standard looks for a `<meta charset>` here… */
const PRESCAN_BYTES = 1024
/** …and browsers that meet one later start over with it. So far we follow them. */
const LATE_META_BYTES = 64 * 1024
const LATE_METAS = 32

/**
 * Text of an HTML page, after the HTML standard's encoding sniffing: byte order mark, HTTP header, `<meta>`;
 * else UTF-8 where the bytes are valid UTF-8, else windows-1252. Never throws: what doesn't decode becomes U+FFFD.
 *
 * @param contentType - the HTTP header's value
 */
export function decodePage(bytes: Buffer, contentType: string): string {
  const label = /charset\s*=\s*["']?([^\s;"',]+)/i.exec(contentType)?.[1]
  const encoding = sniffEncoding(bytes, {
    ...(label === undefined ? {} : { transportLayerEncodingLabel: label }),
    defaultEncoding: '',
  })
  if (encoding !== '') return decode(bytes, encoding)
  return isUtf8(bytes) ? decode(bytes, 'UTF-8') : decode(bytes, findLateMeta(bytes) ?? 'windows-1252')
}

function findLateMeta(bytes: Buffer): string | null {
  const head = bytes.subarray(0, LATE_META_BYTES)
  const starts = head.toString('latin1', PRESCAN_BYTES).matchAll(/<meta\s/gi)
  for (const { index } of starts.take(LATE_METAS)) {
    const encoding = sniffEncoding(head.subarray(PRESCAN_BYTES + index), { defaultEncoding: '' })
    if (encoding !== '') return encoding
  }
  return null
}

const decoders = new Map<string, InstanceType<typeof TextDecoder>>()

function decode(bytes: Buffer, encoding: string): string {
  if (encoding === 'UTF-8') return bytes.toString('utf8', hasUtf8Mark(bytes) ? 3 : 0)
  let decoder = decoders.get(encoding)
  if (decoder === undefined) {
    try {
      decoder = new TextDecoder(encoding)
    } catch {
      // `replacement`: encodings that hide markup from scanners, which the Encoding standard refuses to read
      return '\ufffd'
    }
    decoders.set(encoding, decoder)
  }
  return decoder.decode(bytes)
}

function hasUtf8Mark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}
