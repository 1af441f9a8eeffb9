import { deflateSync } from 'node:zlib'
import { encode } from 'cborg'
import sharp from 'sharp'

/** Pictures whose own metadata speaks of mining, in each format that is taken. */

export const FORMATS = ['jpeg', 'png', 'webp', 'gif'] as const
type Format = (typeof FORMATS)[number]

/** A packet with these properties, as editors write them. */
export function xmpPacket(properties: string): string {
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/">
${properties}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
}

/** A C2PA store of one manifest with an assertion of this label, as CBOR or as JSON. */
export function c2paStore(label: string, assertion: unknown, as: 'cbor' | 'json' = 'cbor'): Buffer {
  const content = as === 'cbor' ? Buffer.from(encode(assertion)) : Buffer.from(JSON.stringify(assertion))
  const other = superbox('c2pa.hash.data', box('cbor', Buffer.from(encode({ pad: 'x'.repeat(300) }))))
  const assertions = superbox('c2pa.assertions', other, superbox(label, box(as, content)))
  return superbox('c2pa', superbox('urn:c2pa:test', assertions))
}

function superbox(label: string, ...boxes: Buffer[]): Buffer {
  const description = Buffer.concat([Buffer.alloc(16, 7), Buffer.from([3]), Buffer.from(`${label}\0`)])
  return box('jumb', Buffer.concat([box('jumd', description), ...boxes]))
}

function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + content.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, content])
}

/** A picture of some colours, large enough for every rule. */
export async function picture(format: Format): Promise<Buffer> {
  const data = Buffer.from(Array.from({ length: 128 * 128 * 3 }, (_, i) => (i * i * 31 + i * 7) % 256))
  return sharp(data, { raw: { width: 128, height: 128, channels: 3 } })
    .toFormat(format)
    .toBuffer()
}

export async function withXmp(format: Format, packet: string, isDeflated = false): Promise<Buffer> {
  const file = await picture(format)
  const text = Buffer.from(packet)
  if (format === 'jpeg')
    return insert(file, 2, segment(0xe1, Buffer.concat([latin('http://ns.adobe.com/xap/1.0/\0'), text])))
  if (format === 'webp') return addChunk(file, 'XMP ', text)
  if (format === 'png') {
    const head = latin(`XML:com.adobe.xmp\0${isDeflated ? '\x01' : '\0'}\0en\0\0`)
    return insert(file, 33, chunk('iTXt', Buffer.concat([head, isDeflated ? deflateSync(text) : text])))
  }
  // the trailer counts down, so that whoever lands in it as a block's length comes out at its end
  const trailer = Buffer.from([1, ...Array.from({ length: 256 }, (_, i) => 255 - i), 0])
  return insert(file, endOfTable(file), Buffer.concat([latin('\x21\xff\x0bXMP DataXMP'), text, trailer]))
}

/** @param segmentBytes - of a JPEG's: boxes that don't fit one go on in the next */
export async function withC2pa(format: Format, store: Buffer, segmentBytes = 60_000): Promise<Buffer> {
  const file = await picture(format)
  if (format === 'png') return insert(file, 33, chunk('caBX', store))
  if (format === 'webp') return addChunk(file, 'C2PA', store)
  if (format === 'gif') {
    const blocks: Buffer[] = []
    for (let at = 0; at < store.length; at += 255) {
      const piece = store.subarray(at, at + 255)
      blocks.push(Buffer.from([piece.length]), piece)
    }
    const head = latin('\x21\xff\x0bC2PA_GIF\x01\0\0')
    return insert(file, endOfTable(file), Buffer.concat([head, ...blocks, Buffer.from([0])]))
  }
  const pieces: Buffer[] = []
  for (let at = 8, number = 1; at < store.length; at += segmentBytes, number++) {
    const head = Buffer.alloc(8)
    head.write('JP', 'latin1')
    head.writeUInt16BE(0x211, 2)
    head.writeUInt32BE(number, 4)
    pieces.push(
      segment(0xeb, Buffer.concat([head, store.subarray(0, 8), store.subarray(at, at + segmentBytes)])),
    )
  }
  return insert(file, 2, Buffer.concat(pieces))
}

function latin(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function insert(file: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([file.subarray(0, at), piece, file.subarray(at)])
}

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(2 + data.length, 2)
  return Buffer.concat([head, data])
}

/** The checksum is left out: nobody checks an ancillary chunk's. */
function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, data, Buffer.alloc(4)])
}

function addChunk(file: Buffer, type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32LE(data.length, 4)
  const whole = Buffer.concat([file, head, data, Buffer.alloc(data.length % 2)])
  whole.writeUInt32LE(whole.length - 8, 4)
  return whole
}

function endOfTable(gif: Buffer): number {
  const flags = gif[10]!
  return 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
}
