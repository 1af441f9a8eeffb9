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

/** What may come before the root element. One piece at a time, as a repeated group would backtrack without end. */
const PROLOG = /^(?:<!--.*?-->|<\?.*?\?>|<!doctype\s+svg[^>[]*(?:\[[^\]]*\])?\s*>)\s*/is
const SVG = /^<(?:svg:)?svg[\s>]/i
const HTML = /^<(?:!doctype\s+html|html|head|body|script|title|meta|div|p|a|br|h1)[\s>]/i
const JSON_START = /^[{[]\s*["{[\]}]/

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
  return sniffText(head.replace(/^\xef\xbb\xbf/, '').trimStart())
}

function sniffText(text: string): string {
  if (JSON_START.test(text)) return 'json'
  let root = text
  for (let piece = PROLOG.exec(root); piece !== null; piece = PROLOG.exec(root))
    root = root.slice(piece[0].length)
  if (SVG.test(root)) return 'svg'
  if (HTML.test(root)) return 'html'
  return /^<\?xml\s/i.test(text) ? 'xml' : 'unknown'
}

function startsWith(head: string, signature: string): boolean {
  if (head.length < signature.length) return false
  for (let i = 0; i < signature.length; i++) {
    if (signature[i] !== '?' && signature[i] !== head[i]) return false
  }
  return true
}
