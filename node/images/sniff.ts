/** Formats by their first bytes: a string per signature in Latin-1, `?` standing for any byte. */
const SIGNATURES: [name: string, signature: string][] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['webp', 'RIFF????WEBP'],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['avif', '????ftypavif'],
  ['avif', '????ftypavis'],
  ['heif', '????ftyphei'],
  ['heif', '????ftyphev'],
  ['heif', '????ftypmif1'],
  ['heif', '????ftypmsf1'],
  ['mp4', '????ftyp'],
  ['jp2', '\0\0\0\x0cjP  \r\n\x87\n'],
  ['jp2', '\xff\x4f\xff\x51'],
  ['jxl', '\0\0\0\x0cJXL \r\n\x87\n'],
  ['jxl', '\xff\x0a'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
  ['bmp', 'BM????\0\0\0\0'],
  ['ico', '\0\0\x01\0'],
  ['cur', '\0\0\x02\0'],
  ['psd', '8BPS'],
  ['pdf', '%PDF-'],
  ['postscript', '%!PS'],
  ['flash', 'FWS'],
  ['flash', 'CWS'],
  ['webm', '\x1a\x45\xdf\xa3'],
  ['gzip', '\x1f\x8b'],
  ['zip', 'PK\x03\x04'],
]

/** Text formats, after byte order mark and white space. */
const TEXTS: [name: string, pattern: RegExp][] = [
  ['svg', /^(<\?xml[^>]*>\s*)?((<!--.*?-->|<!DOCTYPE\s+svg[^>]*(\[.*?\])?\s*>)\s*)*<svg[\s>]/is],
  [
    'html',
    /^(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|script|title|meta|div|p|a|br|h1)[\s>]/is,
  ],
  ['xml', /^<\?xml\s/i],
  ['json', /^[{[]\s*["{[\]}]/],
]

/** A prolog with comments fits; a page that hides its root element further down is called `unknown`. */
const SNIFFED_CHARS = 2048

/**
 * Name a file's format by its bytes alone, as browsers do: neither the server's header nor the address is trusted.
 *
 * @returns `jpeg`, `png`, `webp`, `gif`, another format's name for the record, `empty`, or `unknown`
 */
export function sniff(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty'
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SNIFFED_CHARS)).toString(
    'latin1',
  )
  for (const [name, signature] of SIGNATURES) if (startsWith(head, signature)) return name
  const text = head.replace(/^(\xef\xbb\xbf)?\s+|^\xef\xbb\xbf/, '')
  return TEXTS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'unknown'
}

function startsWith(head: string, signature: string): boolean {
  if (head.length < signature.length) return false
  for (let i = 0; i < signature.length; i++) {
    if (signature[i] !== '?' && signature[i] !== head[i]) return false
  }
  return true
}
