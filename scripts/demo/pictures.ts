import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'

interface IconSet {
  icons: Record<string, { body: string; width?: number; height?: number }>
  width?: number
  height?: number
}

/** Files below this are dropped by the presets; stay clear of it. */
const LEAST_BYTES = 5_600

/**
 * Draw one icon of an iconify set on a coloured ground.
 * Size, colours and place follow from the file's name, so that it is always the same picture.
 *
 * @param directory - where the icon sets are installed
 * @param icon - `set:name`
 * @param file - its name decides the format
 */
export async function renderPicture(directory: string, icon: string, file: string): Promise<Buffer> {
  for (let size = 256; ; size += 64) {
    const bytes = await renderAt(directory, icon, file, size)
    if (bytes.length >= LEAST_BYTES) return bytes
  }
}

async function renderAt(directory: string, icon: string, file: string, least: number): Promise<Buffer> {
  const random = randomFrom(file)
  const size = least + 32 * Math.floor(random() * 5)
  const side = Math.round(size * (0.68 + 0.16 * random()))
  const left = Math.round((size - side) * (0.3 + 0.4 * random()))
  const top = Math.round((size - side) * (0.3 + 0.4 * random()))
  const drawing = await sharp(Buffer.from(iconSvg(directory, icon, side)))
    .png()
    .toBuffer()
  const picture = sharp(Buffer.from(groundSvg(size, random)))
    .composite([{ input: drawing, left, top }])
    .removeAlpha()
  if (file.endsWith('.png')) return await picture.png({ palette: true, colours: 128, effort: 10 }).toBuffer()
  const quality = 86 + Math.floor(random() * 8)
  return await (file.endsWith('.webp') ? picture.webp({ quality }) : picture.jpeg({ quality })).toBuffer()
}

/** Deterministic numbers in [0, 1) from a name. */
export function randomFrom(name: string): () => number {
  let block = 0
  let numbers: number[] = []
  return () => {
    if (numbers.length === 0) {
      const digest = createHash('sha256').update(`${name}#${block++}`).digest()
      numbers = Array.from({ length: 8 }, (_, i) => digest.readUInt32LE(4 * i) / 2 ** 32)
    }
    return numbers.pop() as number
  }
}

function groundSvg(size: number, random: () => number): string {
  const hue = Math.floor(random() * 360)
  const colour = (h: number) =>
    `hsl(${h % 360},${30 + Math.floor(random() * 40)}%,${72 + Math.floor(random() * 20)}%)`
  const [first, second] = [colour(hue), colour(hue + 40 + Math.floor(random() * 80))]
  const kind = random() < 0.3 ? 'plain' : 'gradient'
  const fill = kind === 'plain' ? first : 'url(#g)'
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><defs><linearGradient id="g" x2="${random() < 0.5 ? 1 : 0}" y2="1"><stop stop-color="${first}"/><stop offset="1" stop-color="${second}"/></linearGradient></defs><rect width="100%" height="100%" fill="${fill}"/></svg>`
}

const sets = new Map<string, IconSet>()

function iconSvg(directory: string, icon: string, side: number): string {
  const [set = '', name = ''] = icon.split(':')
  let icons = sets.get(set)
  if (icons === undefined) {
    icons = JSON.parse(readFileSync(`${directory}/@iconify-json/${set}/icons.json`, 'utf8')) as IconSet
    sets.set(set, icons)
  }
  const drawing = icons.icons[name]
  if (drawing === undefined) throw new Error(`no icon ${icon}`)
  const width = drawing.width ?? icons.width ?? 16
  const height = drawing.height ?? icons.height ?? 16
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${side}" height="${side}" viewBox="0 0 ${width} ${height}">${drawing.body}</svg>`
}
