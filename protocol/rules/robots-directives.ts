import { AI_TOKENS, OWN_TOKEN } from './ai-tokens.ts'

/** What robots directives say about taking an image and its text for training. */
export interface RobotsDirectives {
  refused: boolean
  /** every refusing directive seen as `source: directive` or, bound to a bot, `source: bot: directive` */
  signals: string[]
}

const REFUSING = new Set(['noai', 'noimageai', 'noindex', 'noimageindex', 'none'])
/** Directives that take no value; what follows a bot's name is one of these. */
const PLAIN = new Set([
  ...REFUSING,
  ...['all', 'follow', 'index', 'indexifembedded', 'noarchive', 'nocache', 'nofollow', 'noodp'],
  ...['nopreview', 'nositelinkssearchbox', 'nosnippet', 'notranslate', 'noydir'],
])
/** Directives of the form `name: value`; not bots, though they look alike. A value is no directive (`max-image-preview: none`). */
const VALUED = new Set(['max-snippet', 'max-image-preview', 'max-video-preview'])
const EXPIRY = 'unavailable_after'
const BOUND = new Set([OWN_TOKEN, '*', ...AI_TOKENS].map((token) => token.toLowerCase()))
/** Signals kept of one response: more say nothing new. */
const MAX_SIGNALS = 16

/**
 * Read the values of an `X-Robots-Tag` header (one string a header line) or of `<meta name="robots" content>`,
 * after Google's robots meta tag specification and the noai/noimageai directives in use beside it:
 * case-insensitive; separated by commas (white space and semicolons are met too); `bot: a, b` binds `a` and `b`
 * to that bot until the next bot or the value's end. Directives bound to another's bot are recorded and do not refuse.
 *
 * @param source - names the place in signals: `x-robots-tag`, `meta robots`
 */
export function readRobotsDirectives(values: readonly string[], source: string): RobotsDirectives {
  const signals = new Set<string>()
  let refused = false
  for (const value of values) {
    let bot: string | null = null
    for (const part of value.toLowerCase().split(/[,;\r\n]/)) {
      const read = readPart(part.trim())
      bot = read.bot ?? bot
      for (const word of read.words) {
        if (!REFUSING.has(word)) continue
        if (bot === null || BOUND.has(bot)) refused = true
        if (signals.size < MAX_SIGNALS)
          signals.add(bot === null ? `${source}: ${word}` : `${source}: ${bot}: ${word}`)
      }
    }
  }
  return { refused, signals: [...signals] }
}

/** Whether `<meta name>` names a bot whose refusal binds us: `robots` is every bot's. */
export function isBoundMetaName(name: string): boolean {
  const lower = name.trim().toLowerCase()
  return lower === 'robots' || (lower !== '*' && BOUND.has(lower))
}

/** One part between commas: an optional bot, and the words after it that may be directives. */
function readPart(part: string): { bot: string | null; words: string[] } {
  const match = /^([a-z0-9_.*-]{1,64})\s*:\s*/.exec(part)
  const rest = match === null ? part : part.slice(match[0].length)
  const words = rest.split(/\s+/).filter((word) => word !== '')
  const name = match?.[1]
  if (name === undefined) {
    // a valued directive further on in a part that white space separates: `noai max-snippet: 5`
    return { bot: null, words: words.filter((_, i) => !words[i - 1]?.endsWith(':')) }
  }
  if (VALUED.has(name)) return { bot: null, words: words.slice(1) }
  if (name === EXPIRY) return { bot: null, words: [] }
  // any other name is a bot's where a directive follows; else it is a directive nobody has heard of yet
  const inner = /^([a-z_-]+)\s*:/.exec(rest)?.[1] ?? words[0]
  if (inner !== undefined && (VALUED.has(inner) || inner === EXPIRY)) return { bot: name, words: [] }
  return PLAIN.has(inner ?? '') || BOUND.has(name) ? { bot: name, words } : { bot: null, words: [] }
}
