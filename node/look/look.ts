import type { Safety } from '../../protocol/records/safety.ts'
import { TAGS, type Tag, tagScore } from '../../protocol/rules/tags.ts'
import type { Looked, Looker, Scorer } from '../components.ts'
import { type HeadAnswer, type HeadFile, type Heads, openHeads } from '../score/score.ts'
import { embedConcepts } from './embed-concepts.ts'

export { type Calibration, calibrateTags } from './calibrate.ts'
export { readTags, writeTags } from './tags-file.ts'

/**
 * Open what a campaign has looked for in pictures: tags by the model's own embedding, and heads.
 *
 * @param files - the campaign's heads in their order, and where they lie
 * @param threads - of the heads' arithmetic
 * @returns null where it looks for nothing
 * @throws ShoalError as `openHeads`; whatever the scorer throws
 */
export async function openLooker(
  { tags, heads: wanted }: Safety,
  files: readonly HeadFile[],
  { scorer, threads }: { scorer: Pick<Scorer, 'embed'>; threads: number },
): Promise<Looker | null> {
  if (tags === null && wanted.length === 0) return null
  const asked = TAGS.filter((tag) => tags !== null && tags.thresholds[tag] !== null)
  const directions = await embedConcepts(scorer, asked.length > 0 ? asked : TAGS.slice(0, 1))
  const dimension = [...directions.values()][0]!.length
  const heads: Heads | null = wanted.length > 0 ? await openHeads(files, { dimension, threads }) : null

  function scoreTags(embedding: Float32Array): Looked['margins'] {
    return asked.map((tag) => ({
      ...{ tag, by: 'embedding' as const },
      margin: tagScore(directions.get(tag)!, embedding) - tags!.thresholds[tag]!,
    }))
  }

  return {
    views: heads?.views ?? [],
    async look({ views, embedding, width, height }) {
      const margins = scoreTags(embedding)
      const answers = heads === null ? [] : await heads.look({ views, embedding, width, height })
      return combine({ tags, heads: wanted }, margins, answers)
    },
    async close() {
      await heads?.close()
    },
  }
}

function combine({ heads }: Safety, margins: Looked['margins'], answers: readonly HeadAnswer[]): Looked {
  const all = [...margins]
  const probabilities = new Map<Tag, number>()
  let faces: Looked['faces'] = null
  let faceBoxes: Looked['faceBoxes'] = null
  for (const [i, answer] of answers.entries()) {
    const head = heads[i]!
    if ('faces' in answer) {
      faces = answer.faces.length
      faceBoxes = JSON.stringify(answer.faces)
    }
    if (head.kind === 'faces' || 'faces' in answer) continue
    for (const [j, [tag, probability]] of answer.tags.entries()) {
      all.push({ tag, by: 'head', margin: probability - head.reads[j]!.threshold })
      probabilities.set(tag, Math.max(probability, probabilities.get(tag) ?? 0))
    }
  }
  const found = new Set(all.filter(({ margin }) => margin >= 0).map(({ tag }) => tag))
  return {
    nsfw: probabilities.get('nudity') ?? null,
    watermark: probabilities.get('watermark') ?? null,
    tags: TAGS.filter((tag) => found.has(tag)),
    ...{ faces, faceBoxes, margins: all },
  }
}
