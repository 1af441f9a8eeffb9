import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { randomFrom } from './pictures.ts'

/** Files that are no ordinary picture but show one, made from its ordinary rendering: name → how. */
export const VARIANTS: Record<string, (picture: Buffer) => Promise<Buffer>> = {
  'mislabelled-png.jpg': (picture) => sharp(picture).png({ palette: true, effort: 10 }).toBuffer(),
  'called-text.jpg': async (picture) => picture,
  'zipped.jpg': async (picture) => picture,
  'alpha.png': async (picture) => {
    const { data, info } = await sharp(picture)
      .resize(200, 200)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const pixels = Buffer.alloc(info.width * info.height * 4)
    for (let i = 0; i < info.width * info.height; i++) {
      data.copy(pixels, 4 * i, 3 * i, 3 * i + 3)
      const away = Math.hypot((i % 200) - 100, Math.floor(i / 200) - 100) - 88
      pixels[4 * i + 3] = Math.max(0, Math.min(255, 255 - 20 * away))
    }
    return sharp(pixels, { raw: { width: 200, height: 200, channels: 4 } })
      .png({ palette: true, colours: 128, effort: 10 })
      .toBuffer()
  },
  'deep.png': async (picture) => {
    // 16-bit samples of few values, so that the file stays small
    const side = 160
    const { data } = await sharp(picture)
      .resize(side, side)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const rows = Buffer.alloc(side * (1 + 6 * side))
    for (let y = 0; y < side; y++) {
      for (let i = 0; i < 3 * side; i++) {
        const value = Math.round((data[y * 3 * side + i] as number) / 15) * 15 * 257
        rows.writeUInt16BE(value, y * (1 + 6 * side) + 1 + 2 * i)
      }
    }
    return png(side, side, 16, 2, rows)
  },
  'cmyk.jpg': (picture) => sharp(picture).toColourspace('cmyk').jpeg({ quality: 82 }).toBuffer(),
  'turned.jpg': (picture) =>
    sharp(picture).rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 90 }).toBuffer(),
  'animated.webp': async (picture) => {
    const frame = await sharp(picture).resize(448, 448).png().toBuffer()
    const other = await sharp(frame).negate().png().toBuffer()
    return sharp([frame, other], { join: { animated: true } })
      .webp({ quality: 84, delay: 400 })
      .toBuffer()
  },
}

/** Files that show nothing, or that nobody should open: name → bytes. `picture` is any good JPEG. */
export async function makeHostileFiles(picture: Buffer): Promise<Map<string, Buffer>> {
  const wide = (width: number, height: number) =>
    png(width, height, 1, 0, Buffer.alloc(height * (1 + width / 8)))
  const random = randomFrom('garbage')
  const garbage = Buffer.from(Array.from({ length: 6000 }, () => Math.floor(random() * 256)))
  const good = await sharp(picture).png({ palette: true }).toBuffer()
  const damaged = Buffer.from(good)
  // every data chunk's checksum is wrong from here on
  for (let i = damaged.indexOf('IDAT') + 40; i < damaged.length - 16; i += 97)
    damaged[i] = (damaged[i] as number) ^ 0x5a
  const large = await sharp(picture).resize(480, 480).jpeg({ quality: 92 }).toBuffer()
  const frame = await sharp(picture).resize(200, 200).png().toBuffer()
  const rings = Array.from(
    { length: 130 },
    (_, i) => `  <circle cx="${i}" cy="${i * 2}" r="${i + 1}" fill="#c${i % 10}d"/>`,
  )
  const lines = Array.from(
    { length: 130 },
    (_, i) => `<p>Paragraph ${i + 1}: this page is shown where a picture was asked for.</p>`,
  )
  return new Map([
    ['tiny.jpg', await sharp(picture).resize(64, 64).jpeg({ quality: 60 }).toBuffer()],
    [
      'page.html',
      Buffer.from(`<!DOCTYPE html>\n<html>\n<title>Please sign in</title>\n${lines.join('\n')}\n</html>\n`),
    ],
    [
      'moving.gif',
      await sharp([frame, await sharp(frame).flip().toBuffer()], { join: { animated: true } })
        .gif()
        .toBuffer(),
    ],
    [
      'drawing.svg',
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200">\n${rings.join('\n')}\n</svg>\n`,
      ),
    ],
    ['truncated.jpg', large.subarray(0, Math.floor(large.length / 2))],
    ['damaged.png', damaged],
    ['garbage.jpg', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), garbage])],
    ['bomb-56-megapixels.png', wide(8000, 7000)],
    ['bomb-400-megapixels.png', wide(20_000, 20_000)],
  ])
}

/** A PNG (W3C, third edition) from filtered rows; for kinds that sharp does not write. */
function png(width: number, height: number, bits: number, colour: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bits, colour, 0, 0, 0], 8)
  const chunk = (type: string, data: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type), data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length, 0)
    frame.writeUInt32BE(crc32(typed), 4)
    return [frame.subarray(0, 4), typed, frame.subarray(4)]
  }
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...chunk('IHDR', header),
    ...chunk('IDAT', deflateSync(rows, { level: 9 })),
    ...chunk('IEND', Buffer.alloc(0)),
  ])
}
