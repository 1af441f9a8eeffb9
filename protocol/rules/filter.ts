import type { Outcome } from '../outcomes.ts'

/** The numbers of a campaign that decide which candidates become pairs. Part of the signed manifest. */
export interface FilterRules {
  /** lengths in Unicode code points; words are runs without white space; `languages: null` allows all */
  text: { minChars: number; maxChars: number; minWords: number; languages: string[] | null }
  /** extensions of the URL's path, lower case, without the dot */
  url: { maxChars: number; refusedExtensions: string[] }
  /** bytes of the file, pixels and sides of the picture as stored; `maxAspect: null` allows all */
  image: {
    minBytes: number
    maxPixels: number
    formats: ImageFormat[]
    minSide: number
    maxAspect: number | null
  }
  similarity: Thresholds
}

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif'

/** Least cosine per language; `default` for every other, unknown ones included. */
export interface Thresholds {
  default: number
  languages: Record<string, number>
}

/**
 * @param url - as `URL.href` writes it
 * @returns why an absolute image address is dropped, or null
 */
export function judgeUrl(rules: FilterRules, url: string): Outcome | null {
  if (!/^https?:\/\//i.test(url))
    return /^(?!https?:)[a-z][a-z0-9+.-]*:/i.test(url) ? 'url_scheme' : 'url_invalid'
  if (url.length > rules.url.maxChars) return 'url_long'
  return rules.url.refusedExtensions.includes(extensionOf(url)) ? 'url_extension' : null
}

/** '' where the path's last name has none */
function extensionOf(url: string): string {
  const end = url.search(/[?#]/)
  const path = end === -1 ? url : url.slice(0, end)
  const slash = path.lastIndexOf('/')
  const dot = path.lastIndexOf('.')
  // a slash before the eighth character is one of `https://`, and what follows it the host
  return slash >= 8 && dot > slash ? path.slice(dot + 1).toLowerCase() : ''
}

/** @returns why a normalised text is dropped, or null */
export function judgeText(rules: FilterRules, text: string): Outcome | null {
  const { minChars, maxChars, minWords } = rules.text
  const chars = countCodePoints(text)
  if (chars < minChars) return 'text_short'
  if (chars > maxChars) return 'text_long'
  if (minWords > 1 && countWords(text) < minWords) return 'text_words'
  return null
}

/** @param language - ISO 639-1, or null where unknown */
export function judgeLanguage(rules: FilterRules, language: string | null): Outcome | null {
  const { languages } = rules.text
  return languages === null || (language !== null && languages.includes(language)) ? null : 'language'
}

/** @param bytes - length of the image file */
export function judgeFile(rules: FilterRules, bytes: number): Outcome | null {
  return bytes < rules.image.minBytes ? 'image_small' : null
}

/** @param image - format by its magic bytes, and size as stored */
export function judgeImage(
  rules: FilterRules,
  image: { format: ImageFormat; width: number; height: number },
): Outcome | null {
  const { formats, maxPixels, minSide, maxAspect } = rules.image
  if (!formats.includes(image.format)) return 'image_format'
  if (image.width * image.height > maxPixels) return 'image_pixels'
  const short = Math.min(image.width, image.height)
  if (short < minSide) return 'image_side'
  if (maxAspect !== null && Math.max(image.width, image.height) > maxAspect * short) return 'image_aspect'
  return null
}

/** @returns the least cosine a pair of this language needs */
export function leastSimilarity(rules: FilterRules, language: string | null): number {
  const { languages } = rules.similarity
  return language !== null && Object.hasOwn(languages, language)
    ? (languages[language] as number)
    : rules.similarity.default
}

function countCodePoints(text: string): number {
  let count = text.length
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--
  }
  return count
}

function countWords(text: string): number {
  return text.match(/\S+/gu)?.length ?? 0
}
