import { Tokenizer } from '@huggingface/tokenizers'

/** From a normalised text to the model's ids: start and end included, truncated, not padded. */
export interface TextTokens {
  padId: number
  encode(text: string): number[]
}

/**
 * @param tokenizer - the content of `tokenizer.json`
 * @param config - the content of `tokenizer_config.json`, or `{}`
 * @param limits - `context` is the most ids of a text; `padId` serves where the tokenizer names no pad token
 */
export function openTokenizer(
  tokenizer: Record<string, unknown>,
  config: Record<string, unknown>,
  limits: { context: number; padId: number | null },
): TextTokens {
  const tokens = new Tokenizer(tokenizer, config)
  // an empty text is framed by nothing but the model's own marks: the last of them ends every text
  const end = tokens.encode('').ids.at(-1)
  const ownPad = contentOf(config.pad_token)
  const padId = ownPad === null ? undefined : tokens.token_to_id(ownPad)
  return {
    padId: padId ?? limits.padId ?? 0,
    encode(text) {
      const ids = tokens.encode(text).ids
      if (ids.length <= limits.context) return ids
      return end === undefined ? ids.slice(0, limits.context) : [...ids.slice(0, limits.context - 1), end]
    },
  }
}

/** A special token is written as its text, or as an object with it. */
function contentOf(token: unknown): string | null {
  if (typeof token === 'string') return token
  const content = (token as { content?: unknown } | null | undefined)?.content
  return typeof content === 'string' ? content : null
}
