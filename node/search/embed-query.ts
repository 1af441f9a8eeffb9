import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS } from '../../protocol/limits.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import type { Scorer } from '../components.ts'
import { normalizeText } from '../crawl/crawl.ts'
import { startDecoder } from '../images/images.ts'
import { directoryOf, EMBEDDED, obtainModel, openScorer } from '../score/score.ts'

type Model = Campaign['pipeline']['model']

export interface Query {
  vector: Float32Array
  /** of the image file, or null for a text */
  sha256: string | null
}

/** Whoever asks has seen the picture: all that decodes is taken. */
const ANY_IMAGE: FilterRules = {
  ...PRESETS['laion-5b']!,
  image: {
    ...{ minBytes: 1, maxPixels: MAX_IMAGE_PIXELS, minSide: 1, maxAspect: null },
    formats: ['jpeg', 'png', 'webp', 'gif'],
  },
}

/** Embeds what is looked for, with the model that the shards were embedded with; the last one stays open. */
export function startEmbedder(options: { dataDir: string; model: string | null; threads: number }) {
  let kept: { name: string; scorer: Promise<Scorer> } | null = null
  const decoder = startDecoder({ threads: 1, honoured: [] })

  async function open(model: Model): Promise<Scorer> {
    const cacheDir = join(options.dataDir, 'models')
    const given = [...(options.model === null ? [] : [directoryOf(options.model, cacheDir)]), EMBEDDED]
    const { directory, precision } = await obtainModel(model, { cacheDir, given, offline: true }).catch(
      (cause: ShoalError) => {
        if (cause.code !== 'campaign_model') throw cause
        throw new ShoalError(
          'search_model',
          `the model ${model.repo}, which embedded them, is not here: name a directory that has it with --model`,
          { cause },
        )
      },
    )
    return openScorer(directory, { cacheDir, precision, threads: options.threads, offline: true })
  }

  async function scorerOf(name: string, model: Model): Promise<Scorer> {
    if (kept?.name !== name) {
      await close()
      kept = { name, scorer: open(model) }
    }
    try {
      return await kept.scorer
    } catch (error) {
      kept = null
      throw error
    }
  }

  async function close(): Promise<void> {
    const scorer = await kept?.scorer.catch(() => null)
    kept = null
    await scorer?.close()
  }

  return {
    /** @throws ShoalError `search_model`, `search_image`, `search_text`; as `openScorer` */
    async embed(
      wanted: { kind: 'text' | 'image'; value: string },
      name: string,
      model: Model,
    ): Promise<Query> {
      if (wanted.kind === 'text') {
        const text = normalizeText(wanted.value)
        if (text === '') throw new ShoalError('search_text', 'there are no words to look for: name some')
        return { vector: await (await scorerOf(name, model)).embed({ text }), sha256: null }
      }
      const bytes = await readImage(wanted.value)
      const scorer = await scorerOf(name, model)
      const decoded = await decoder.decode(bytes, scorer.geometry, ANY_IMAGE)
      if (!decoded.ok)
        throw new ShoalError(
          'search_image',
          `${wanted.value} does not decode (${decoded.detail}): name a JPEG, PNG, WebP or GIF file`,
        )
      return { vector: await scorer.embed({ crop: decoded.image.crop }), sha256: decoded.image.sha256 }
    },
    async close(): Promise<void> {
      await Promise.all([close(), decoder.close()])
    },
  }
}

async function readImage(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > MAX_IMAGE_BYTES) throw new Error(`it has more than ${MAX_IMAGE_BYTES / 2 ** 20} MiB`)
    return await readFile(path)
  } catch (cause) {
    throw new ShoalError(
      'search_image',
      `${path} can't be read (${(cause as Error).message}): name an image file`,
      {
        cause,
      },
    )
  }
}
