import { parseDictionary, Token } from 'structured-headers'
import type { Consent } from './consent.ts'
import { matchesPattern, sameSpelling } from './path-pattern.ts'

/**
 * AIPREF's labels for what a dataset of pictures and texts is made for, the narrowest first: what is said of the
 * narrower holds. Version 1, after draft-ietf-aipref-vocab 00 to 06, which moved them.
 */
const TRAINING = ['train-ai', 'ai', 'tdm', 'bots'] as const
/** Narrower still, and uses of the dataset as well: each refuses by itself. */
const GENERATIVE = ['train-genai', 'genai'] as const
/** Characters of one expression that are read: the labels there are fit many times. */
const MAX_USAGE_CHARS = 1_000
/** Expressions of one place that are recorded: more say nothing new. */
const MAX_SIGNALS = 16

/** A preference that a robots.txt states, for paths that its pattern matches. */
export interface UsageRule {
  /** as `sameSpelling` gives it; '' for all paths */
  path: string
  /** `train-ai=n` and the like, as written */
  usage: string
}

/** @returns null where the line says nothing. A value that does not begin with a slash has no path. */
export function readUsageRule(value: string): UsageRule | null {
  const match = /^(\/\S*)?\s*(.*)$/s.exec(value.trim())
  const usage = match?.[2]?.trim() ?? ''
  return usage === ''
    ? null
    : { path: sameSpelling(match?.[1] ?? ''), usage: usage.slice(0, MAX_USAGE_CHARS) }
}

/** The rules that hold for a path: those of the longest pattern that matches (draft-ietf-aipref-attach, 3.1). */
export function rulesFor(rules: readonly UsageRule[], path: string): UsageRule[] {
  let longest = -1
  let chosen: UsageRule[] = []
  for (const rule of rules) {
    if (rule.path.length < longest || !matchesPattern(rule.path, path)) continue
    if (rule.path.length > longest) chosen = []
    longest = rule.path.length
    chosen.push(rule)
  }
  return chosen
}

/**
 * AIPREF: `train-ai=n` in the header `Content-Usage` or in a robots.txt, a dictionary of RFC 9651 with the tokens `y`
 * and `n`. What does not parse states nothing. Of several that hold at once the most restrictive one counts.
 *
 * @param usages - one string a header line, or a rule of a robots.txt
 * @param source - names the place in signals: `content-usage`
 */
export function readContentUsage(usages: readonly string[], source: string): Consent {
  const stated = usages.map((usage) => ({ usage, ...readUsage(usage) })).filter(({ isKnown }) => isKnown)
  return {
    refused: stated.some(({ refused }) => refused),
    signals: [...new Set(stated.map(({ usage }) => `${source}: ${usage.trim()}`))].slice(0, MAX_SIGNALS),
  }
}

function readUsage(usage: string): { isKnown: boolean; refused: boolean } {
  const values = new Map<string, string>()
  try {
    for (const [label, [value]] of parseDictionary(usage.slice(0, MAX_USAGE_CHARS)))
      if (value instanceof Token) values.set(label, value.toString())
  } catch {
    return { isKnown: false, refused: false }
  }
  const said = (label: string) => ['y', 'n'].includes(values.get(label) ?? '')
  const training = TRAINING.find(said)
  return {
    isKnown: [...values.keys()].some(said),
    refused:
      (training !== undefined && values.get(training) === 'n') ||
      GENERATIVE.some((label) => values.get(label) === 'n'),
  }
}

/**
 * Cloudflare's Content-Signal in a robots.txt (contentsignals.org): `search=yes, ai-train=no`. `ai-train=no` refuses;
 * `search` and `ai-input` speak of other uses.
 */
export function readContentSignal(usages: readonly string[], source: string): Consent {
  const signals = new Set<string>()
  let refused = false
  for (const usage of usages) {
    for (const part of usage.toLowerCase().split(/[,;]/)) {
      const match = /^\s*(search|ai-input|ai-train)\s*=\s*(yes|no)\s*$/.exec(part)
      if (match === null) continue
      signals.add(`${source}: ${match[1]}=${match[2]}`)
      if (match[1] === 'ai-train' && match[2] === 'no') refused = true
    }
  }
  return { refused, signals: [...signals] }
}
