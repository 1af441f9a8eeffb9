import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zstdDecompressSync } from 'node:zlib'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'

const SHARED = new URL('../../../../shared/', import.meta.url)

/** Where something of the folder `shared` lies; null, and a line that says so, where it does not. */
export function findShared(name: string): string | null {
  const path = fileURLToPath(new URL(name, SHARED))
  if (existsSync(path)) return path
  console.log(`skipped: ${path} is not here`)
  return null
}

const view = (side: number, fit: string, middle: number, spread: number) => ({
  ...{ width: side, height: side, fit, layout: 'nhwc' },
  ...{ mean: [middle, middle, middle], std: [spread, spread, spread] },
})

/** Published heads as Shoal wants them described. */
export const PUBLISHED = {
  /** nsfwjs's MobileNetV2: 224 pixels, channels from 0 to 1 */
  nsfw: {
    file: 'models/nsfw/nsfw_mobilenet_v2_u8.onnx',
    description: {
      ...{ kind: 'classifier', name: 'nsfwjs MobileNetV2', view: view(224, 'stretch', 0, 1) },
      ...{ output: 'probs', activation: 'none' },
      classes: ['Drawing', 'Hentai', 'Neutral', 'Porn', 'Sexy'],
      reads: [{ tag: 'nudity', classes: ['Hentai', 'Porn'], threshold: 0.85 }],
    },
  },
  /** MediaPipe's short range: 128 pixels, channels from -1 to 1, 16 by 16 fields of 2 anchors and 8 by 8 of 6 */
  face: {
    file: 'models/face/face_detection_short_range.onnx',
    description: {
      ...{ kind: 'faces', name: 'MediaPipe short range', view: view(128, 'pad', 0.5, 0.5) },
      ...{ boxes: 'regressors', scores: 'classificators', threshold: 0.5 },
      grids: [
        { stride: 8, each: 2 },
        { stride: 16, each: 6 },
      ],
    },
  },
}

/** @returns the directory of a published head below `dir`, or null where its file is not here */
export async function layHead(
  dir: string,
  name: keyof typeof PUBLISHED,
  changes: object = {},
): Promise<string | null> {
  const { file, description } = PUBLISHED[name]
  const found = findShared(file)
  if (found === null) return null
  const head = join(dir, name)
  await mkdir(head, { recursive: true })
  await copyFile(found, join(head, 'graph.onnx'))
  await describeHead(head, { ...description, ...changes })
  return head
}

/** Describe the `graph.onnx` of a directory. */
async function describeHead(dir: string, description: object): Promise<void> {
  await writeFile(join(dir, 'head.json'), JSON.stringify({ ...description, file: 'graph.onnx' }))
}

/** A WARC of a page that shows pictures which lie in the archive themselves; each one's text ends in its name. */
export async function writePhotoCrawl(path: string, photos: readonly string[]): Promise<void> {
  const addresses = photos.map((_, i) => `http://pictures.example/${i}.jpg`)
  const tags = photos.map((photo, i) => `<img src="${addresses[i]}" alt="a picture called ${nameOf(photo)}">`)
  const responses = photos.map((photo, i) =>
    warcRecord(httpResponse(readFileSync(photo), { 'Content-Type': 'image/jpeg' }), {
      'WARC-Target-URI': addresses[i]!,
    }),
  )
  await writeFile(
    path,
    Buffer.concat([
      warcinfo(),
      warcRecord(httpResponse(`<html><body>${tags.join('\n')}</body></html>`)),
      ...responses,
    ]),
  )
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -extname(path).length)
}

/** The rows of a table of a shard. */
export async function readTable(path: string): Promise<Record<string, unknown>[]> {
  const file = await asyncBufferFromFile(path)
  return await parquetReadObjects({ file, compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) } })
}
