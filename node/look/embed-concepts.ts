import { CONCEPTS, type Tag, tagDirection } from '../../protocol/rules/tags.ts'
import type { Scorer } from '../components.ts'

/** The directions of some tags in the space of a model. @throws whatever the scorer throws */
export async function embedConcepts(
  scorer: Pick<Scorer, 'embed'>,
  tags: readonly Tag[],
): Promise<Map<Tag, Float64Array>> {
  const directions = new Map<Tag, Float64Array>()
  const embed = (texts: readonly string[]) => Promise.all(texts.map((text) => scorer.embed({ text })))
  for (const tag of tags) {
    const { positive, neutral } = CONCEPTS[tag]
    directions.set(tag, tagDirection(await embed(positive), await embed(neutral)))
  }
  return directions
}
