import type { FilterRules } from './filter.ts'

/** Pillow's decompression-bomb limit, which LAION's and DataComp's downloaders inherited. */
const PILLOW_MAX_PIXELS = 89_478_485 - 1

const laion = {
  text: { minChars: 5, maxChars: 2000, minWords: 1, languages: null },
  url: { maxChars: 2000, refusedExtensions: ['svg', 'gif'] },
  image: {
    minBytes: 5000,
    maxPixels: PILLOW_MAX_PIXELS,
    formats: ['jpeg', 'png', 'webp'],
    minSide: 1,
    maxAspect: null,
  },
} satisfies Omit<FilterRules, 'similarity'>

/**
 * The published rules of three datasets. Their cosines are those of OpenAI's CLIP (ViT-B/32):
 * another model needs thresholds of its own.
 */
export const PRESETS: Readonly<Record<string, FilterRules>> = {
  // Schuhmann et al., "LAION-400M", arXiv 2111.02114, section 2
  'laion-400m': { ...laion, similarity: { default: 0.3, languages: {} } },
  // Schuhmann et al., "LAION-5B", arXiv 2210.08402, section 3.2
  'laion-5b': { ...laion, similarity: { default: 0.26, languages: { en: 0.28 } } },
  // Gadre et al., "DataComp", arXiv 2304.14108, appendix "basic filtering": it has no cosine of its own,
  // and says nothing of bytes, formats and long texts, where LAION's limits stand in
  'datacomp-basic': {
    ...laion,
    text: { minChars: 6, maxChars: 2000, minWords: 3, languages: ['en'] },
    image: { ...laion.image, minSide: 200, maxAspect: 3 },
    similarity: { default: -1, languages: {} },
  },
}
