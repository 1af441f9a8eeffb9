import { inflateSync } from 'node:zlib'

/** What a picture's file carries beside its pixels, as it stands there. */
export interface Metadata {
  /** XMP packets */
  xmp: string[]
  /** a C2PA manifest store: JUMBF boxes */
  jumbf: Uint8Array | null
}

/** Bytes of an XMP packet that are read: editors' histories take some 100 KB. */
const MAX_XMP_BYTES = 512 * 1024

const XMP_JPEG = 'http://ns.adobe.com/xap/1.0/\0'
/** After it come the digest that names the whole (32 bytes), its length and the place of this part (4 each). */
const XMP_JPEG_MORE = 'http://ns.adobe.com/xmp/extension/\0'
const XMP_PNG = 'XML:com.adobe.xmp\0'
const XMP_GIF = 'XMP DataXMP'
const C2PA_GIF = 'C2PA_GIF'

/**
 * Find metadata that may opt out, in the four formats that are taken. Lengths are the file's own and lead nowhere but
 * on: what does not add up ends the search with what was found.
 */
export function findMetadata(bytes: Uint8Array, format: string): Metadata {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const readers: Record<string, (file: Buffer) => Metadata> = {
    jpeg: readJpeg,
    png: readPng,
    webp: readWebp,
    gif: readGif,
  }
  return readers[format]?.(file) ?? { xmp: [], jumbf: null }
}

function readJpeg(file: Buffer): Metadata {
  const xmp: string[] = []
  const more: Buffer[] = []
  /** pieces of boxes that did not fit a segment, by the number of their box (ISO 19566-5, D.2) */
  const boxes = new Map<number, Buffer[]>()
  for (let at = 2; at + 4 <= file.length; ) {
    if (file[at] !== 0xff) break
    const marker = file[at + 1]!
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2
      continue
    }
    // the scan: what follows is pixels
    if (marker === 0xda || marker === 0xd9) break
    const end = at + 2 + file.readUInt16BE(at + 2)
    const data = file.subarray(at + 4, end)
    if (marker === 0xe1 && startsWith(data, XMP_JPEG)) xmp.push(textOf(data.subarray(XMP_JPEG.length)))
    if (marker === 0xe1 && startsWith(data, XMP_JPEG_MORE))
      more.push(data.subarray(XMP_JPEG_MORE.length + 40))
    if (marker === 0xeb && startsWith(data, 'JP') && data.length > 16) {
      const number = data.readUInt16BE(2)
      const pieces = boxes.get(number) ?? []
      // each further piece repeats the box's length and type
      pieces.push(data.subarray(pieces.length === 0 ? 8 : data.readUInt32BE(8) === 1 ? 24 : 16))
      boxes.set(number, pieces)
    }
    at = end
  }
  if (more.length > 0) xmp.push(textOf(Buffer.concat(more)))
  const pieces = [...boxes.values()].flat()
  return { xmp, jumbf: pieces.length === 0 ? null : Buffer.concat(pieces) }
}

function readPng(file: Buffer): Metadata {
  const found: Metadata = { xmp: [], jumbf: null }
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 12 + file.readUInt32BE(at)
    const type = file.toString('latin1', at + 4, at + 8)
    const data = file.subarray(at + 8, end - 4)
    if (type === 'iTXt' && startsWith(data, XMP_PNG)) found.xmp.push(...textOfChunk(data))
    if (type === 'caBX') found.jumbf = data
    at = end
  }
  return found
}

/** After the keyword: compressed or not, how, a language, its translation, the text (PNG specification, 11.3.4.5). */
function textOfChunk(data: Buffer): string[] {
  const isDeflated = data[XMP_PNG.length] === 1
  const language = data.indexOf(0, XMP_PNG.length + 2)
  const translated = data.indexOf(0, language + 1)
  if (language === -1 || translated === -1) return []
  const text = data.subarray(translated + 1)
  if (!isDeflated) return [textOf(text)]
  try {
    return [textOf(inflateSync(text, { maxOutputLength: MAX_XMP_BYTES }))]
  } catch {
    return []
  }
}

function readWebp(file: Buffer): Metadata {
  const found: Metadata = { xmp: [], jumbf: null }
  for (let at = 12; at + 8 <= file.length; ) {
    const type = file.toString('latin1', at, at + 4)
    const size = file.readUInt32LE(at + 4)
    const data = file.subarray(at + 8, at + 8 + size)
    if (type === 'XMP ') found.xmp.push(textOf(data))
    if (type === 'C2PA') found.jumbf = data
    at += 8 + size + (size % 2)
  }
  return found
}

function readGif(file: Buffer): Metadata {
  const found: Metadata = { xmp: [], jumbf: null }
  const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  let at = 13 + tableBytes(file[10] ?? 0)
  while (at + 2 <= file.length) {
    const start = at
    const isExtension = file[at] === 0x21
    if (isExtension) at += 2
    else if (file[at] === 0x2c) at += 11 + tableBytes(file[at + 9] ?? 0)
    else break
    const blocks: Buffer[] = []
    for (let size = file[at] ?? 0; size > 0 && at < file.length; size = file[at] ?? 0) {
      if (isExtension) blocks.push(file.subarray(at + 1, at + 1 + size))
      at += 1 + size
    }
    at++
    if (file[start + 1] !== 0xff || !isExtension || blocks[0] === undefined) continue
    // the packet is not in blocks: its trailer is such that whoever reads it as blocks comes out at its end
    if (startsWith(blocks[0], XMP_GIF)) found.xmp.push(textOf(file.subarray(start + 14, at)))
    if (startsWith(blocks[0], C2PA_GIF)) found.jumbf = Buffer.concat(blocks.slice(1))
  }
  return found
}

function startsWith(data: Buffer, text: string): boolean {
  return data.length >= text.length && data.toString('latin1', 0, text.length) === text
}

/** UTF-8, as all four formats demand, but for its trailer in a GIF. */
function textOf(data: Buffer): string {
  const text = data.toString('utf8', 0, MAX_XMP_BYTES)
  const end = text.lastIndexOf('<?xpacket end=')
  return end === -1 ? text : text.slice(0, end)
}
