import { once } from 'node:events'
import { crc32, createDeflate } from 'node:zlib'
import sharp from 'sharp'
import type { Outcome } from '../../../protocol/outcomes.ts'

/** Small files that ask a decoder for much, and what must become of them. */
export const HOSTILE: Record<string, { make: () => Promise<Uint8Array>; becomes: Outcome | 'decoded' }> = {
  'png of 256 Mpx': {
    make: () => png(16_000, 16_000, { depth: 8, colour: 0, data: 1000 }),
    becomes: 'image_pixels',
  },
  'png of 2^32 pixels': {
    make: () => png(65_536, 65_536, { depth: 8, colour: 2, data: 100 }),
    becomes: 'image_pixels',
  },
  'png of one line': {
    make: () => png(40_000_000, 1, { depth: 8, colour: 2, data: 1000 }),
    becomes: 'image_pixels',
  },
  'png of wide lines': {
    make: () => png(65_500, 700, { depth: 8, colour: 6, data: 1000 }),
    becomes: 'image_pixels',
  },
  'png of sixteen bits, interlaced': {
    make: () => png(7000, 7000, { depth: 16, colour: 6, interlaced: true, data: 1000 }),
    becomes: 'image_pixels',
  },
  'png of sixteen bits': { make: () => png(6000, 4000, { depth: 16, colour: 6 }), becomes: 'decoded' },
  'png, interlaced': {
    make: () => png(6000, 6000, { depth: 8, colour: 0, interlaced: true }),
    becomes: 'decoded',
  },
  'png with deflated texts': {
    make: async () => {
      const text = Buffer.concat([Buffer.from('Comment\0\0'), await deflateZeros(40_000_000)])
      const chunks = Array.from({ length: 50 }, () => chunk('zTXt', text))
      return png(64, 64, { depth: 8, colour: 2, chunks })
    },
    becomes: 'decoded',
  },
  'gif of a large canvas': { make: () => flat(6000, 6000).gif({ effort: 1 }).toBuffer(), becomes: 'decoded' },
  'gif of a larger canvas': { make: async () => gif(1, 0, 7000), becomes: 'image_pixels' },
  'gif of many frames': { make: async () => gif(200_000), becomes: 'decoded' },
  'gif whose frame lies outside': { make: async () => gif(1, 65_535, 65_535), becomes: 'image_pixels' },
  'webp of 50 Mpx': { make: () => flat(7000, 7000).webp({ effort: 0 }).toBuffer(), becomes: 'decoded' },
  'jpeg of 50 Mpx': { make: () => flat(7000, 7000).jpeg().toBuffer(), becomes: 'decoded' },
  'jpeg, progressive': {
    make: () => flat(5000, 5000).jpeg({ progressive: true }).toBuffer(),
    becomes: 'decoded',
  },
  'jpeg, progressive, full chroma': {
    make: () => flat(7000, 7000).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    becomes: 'image_pixels',
  },
}

function flat(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: 'red' } })
}

interface PngKind {
  depth: 8 | 16
  /** 0 grey, 2 RGB, 6 RGBA */
  colour: 0 | 2 | 6
  interlaced?: boolean
  /** bytes of black pixels, for what must not be decoded; without it a whole picture's */
  data?: number
  chunks?: Uint8Array[]
}

async function png(width: number, height: number, kind: PngKind): Promise<Uint8Array> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([kind.depth, kind.colour, 0, 0, kind.interlaced ? 1 : 0], 8)
  const channels = { 0: 1, 2: 3, 6: 4 }[kind.colour]
  // with slack for the filter bytes of interlaced passes
  const data = kind.data ?? Math.ceil(height * (1 + (width * channels * kind.depth) / 8) * 1.01)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...(kind.chunks ?? []),
    chunk('IDAT', await deflateZeros(data)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

async function deflateZeros(count: number): Promise<Uint8Array> {
  const deflate = createDeflate({ level: 1 })
  const parts: Uint8Array[] = []
  deflate.on('data', (part) => parts.push(part))
  const block = Buffer.alloc(1 << 20)
  for (let left = count; left > 0; left -= block.length) {
    if (!deflate.write(block.subarray(0, Math.min(left, block.length)))) await once(deflate, 'drain')
  }
  deflate.end()
  await once(deflate, 'end')
  return Buffer.concat(parts)
}

/** Frames of `size` pixels a side at (`offset`, `offset`), each with the data of one pixel. */
function gif(frames: number, offset = 0, size = 1): Uint8Array {
  const words = (...values: number[]) => values.flatMap((value) => [value & 255, value >> 8])
  const screen = Buffer.from([
    ...Buffer.from('GIF89a'),
    ...words(100, 100),
    0x80,
    0,
    0,
    0,
    0,
    0,
    255,
    255,
    255,
  ])
  const frame = Buffer.from([0x2c, ...words(offset, offset, size, size), 0, 2, 2, 0x44, 1, 0])
  return Buffer.concat([screen, ...Array<Buffer>(frames).fill(frame), Buffer.from([0x3b])])
}
