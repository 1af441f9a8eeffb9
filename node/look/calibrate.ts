import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_IMAGE_BYTES } from '../../protocol/limits.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import { TAGS, TAGS_VERSION, type Tag, tagScore } from '../../protocol/rules/tags.ts'
import type { Images, Scorer } from '../components.ts'
import { type Chosen, chooseThreshold, type Labelled } from './choose-threshold.ts'
import { embedConcepts } from './embed-concepts.ts'
import type { TagsFile } from './tags-file.ts'

/** What came of a file of labels. */
export interface Calibration {
  file: TagsFile
  chosen: Record<Tag, Chosen>
  /** pictures that were scored, and those that could not be read, with the reason */
  pictures: number
  unread: { image: string; reason: string }[]
}

/** Any size and format: pictures of one's own. */
const ANY_IMAGE: FilterRules = {
  ...PRESETS['laion-5b']!,
  image: {
    ...{ minBytes: 0, maxPixels: 2 ** 31 - 1, formats: ['jpeg', 'png', 'webp', 'gif'] },
    ...{ minSide: 0, maxAspect: null },
  },
}
/** Of those that could not be read, what is told. */
const MAX_UNREAD = 20

/**
 * Measure thresholds for a model on pictures that somebody has looked at.
 *
 * @param path - of the labels: JSON lines `{"image": "a.jpg", "tags": ["minor"]}`, the picture's path from where the file
 *   is, and all of its tags: one that is not named is taken to be absent
 * @throws ShoalError `tags_labels` for a line that is no label; whatever the scorer throws
 */
export async function calibrateTags(
  path: string,
  { scorer, images }: { scorer: Scorer; images: Pick<Images, 'decode'> },
  onPicture: (done: number) => void = () => {},
): Promise<Calibration> {
  const directions = await embedConcepts(scorer, TAGS)
  const labelled = Object.fromEntries(TAGS.map((tag) => [tag, [] as Labelled[]])) as Record<Tag, Labelled[]>
  const unread: Calibration['unread'] = []
  let pictures = 0
  for await (const { image, tags } of readLabels(path)) {
    try {
      const embedding = await embedPicture(resolve(dirname(path), image), scorer, images)
      for (const tag of TAGS) {
        const score = tagScore(directions.get(tag)!, embedding)
        labelled[tag].push({ score, isPositive: tags.has(tag) })
      }
      pictures++
    } catch (error) {
      if (!(error instanceof Unread)) throw error
      if (unread.length < MAX_UNREAD) unread.push({ image, reason: error.message })
    }
    onPicture(pictures)
  }
  const chosen = Object.fromEntries(
    TAGS.map((tag) => [tag, chooseThreshold(labelled[tag])]),
  ) as Calibration['chosen']
  const file: TagsFile = {
    version: TAGS_VERSION,
    model: scorer.model,
    thresholds: Object.fromEntries(TAGS.map((tag) => [tag, chosen[tag].threshold])) as TagsFile['thresholds'],
    measured: Object.fromEntries(TAGS.map((tag) => [tag, withoutThreshold(chosen[tag])])),
  }
  return { file, chosen, pictures, unread }
}

function withoutThreshold({ threshold: _, ...measured }: Chosen) {
  return measured
}

async function* readLabels(path: string): AsyncGenerator<{ image: string; tags: Set<string> }> {
  let number = 0
  const refuse = (what: string, cause?: unknown) =>
    new ShoalError('tags_labels', `${path}${number > 0 ? `, line ${number}` : ''}: ${what}`, { cause })
  const file = createReadStream(path)
  try {
    for await (const line of createInterface({ input: file, crlfDelay: Infinity })) {
      number++
      if (line.trim() === '') continue
      let label: { image?: unknown; tags?: unknown } | null
      try {
        label = JSON.parse(line)
      } catch (cause) {
        throw refuse('is no JSON', cause)
      }
      const { image, tags } = label ?? {}
      if (typeof image !== 'string' || image === '' || !Array.isArray(tags))
        throw refuse('is not {"image": "a.jpg", "tags": ["minor"]}')
      const unknown = tags.find((tag) => !TAGS.some((one) => one === tag))
      if (unknown !== undefined)
        throw refuse(`${JSON.stringify(unknown)} is no tag: take ${TAGS.join(', ')}, or none`)
      yield { image, tags: new Set(tags) }
    }
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause
    throw refuse(`can't be read (${(cause as Error).message})`, cause)
  }
  if (number === 0) throw refuse('is empty: name a picture a line')
}

/** Of one picture: the others go on. */
class Unread extends Error {}

async function embedPicture(
  path: string,
  scorer: Scorer,
  images: Pick<Images, 'decode'>,
): Promise<Float32Array> {
  const bytes = await readPicture(path).catch((cause: Error) => {
    throw new Unread(cause.message)
  })
  const decoded = await images.decode(bytes, scorer.geometry, ANY_IMAGE)
  if (!decoded.ok) throw new Unread(`${decoded.outcome}: ${decoded.detail}`)
  return scorer.embed({ crop: decoded.image.crop })
}

async function readPicture(path: string): Promise<Uint8Array> {
  const { size } = await stat(path)
  if (size > MAX_IMAGE_BYTES) throw new Error(`it has more than ${MAX_IMAGE_BYTES / 2 ** 20} MiB`)
  return readFile(path)
}
