import type { Consent } from './consent.ts'
import { matchesPattern, sameSpelling } from './path-pattern.ts'

/** Rules of one file that are read: sites that list their folders have some dozens. */
const MAX_RULES = 1_000
/** Characters of a pattern or a policy that are kept: longer ones are no addresses. */
const MAX_CHARS = 2_000

/** Whether text and data mining is reserved, null where that is unset; and where the policy lies, or null. */
export interface Reservation {
  reserved: boolean | null
  policy: string | null
}

export interface TdmrepRule extends Reservation {
  /** as `sameSpelling` gives it */
  location: string
}

/**
 * `/.well-known/tdmrep.json` (TDM Reservation Protocol, W3C Community Group, 2024): a list of
 * `{ location, tdm-reservation, tdm-policy }`.
 *
 * @returns null where it is none
 */
export function parseTdmrep(text: string): TdmrepRule[] | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null) return null
  return [parsed].flat().slice(0, MAX_RULES).flatMap(readRule)
}

function readRule(entry: unknown): TdmrepRule[] {
  if (typeof entry !== 'object' || entry === null) return []
  const { location, ...rest } = entry as Record<string, unknown>
  if (typeof location !== 'string' || location === '') return []
  const policy = rest['tdm-policy']
  return [
    {
      location: sameSpelling(/^[/*]/.test(location) ? location : `/${location}`).slice(0, MAX_CHARS),
      reserved: readReservation([String(rest['tdm-reservation'])]),
      policy: typeof policy === 'string' ? policy.slice(0, MAX_CHARS) : null,
    },
  ]
}

/**
 * The first rule that matches, in the file's own order.
 *
 * @param path - with its query, as `sameSpelling` gives it
 */
export function findReservation(rules: readonly TdmrepRule[], path: string): Reservation | null {
  return rules.find(({ location }) => matchesPattern(location, path)) ?? null
}

/** The value of the header or meta element `tdm-reservation`: other values than 0 and 1 are unset. */
export function readReservation(values: readonly string[]): boolean | null {
  const said = values.map((value) => value.trim())
  return said.includes('1') ? true : said.includes('0') ? false : null
}

/**
 * The file, then the header, then the meta element: each overrides the one before, where it says anything at all.
 *
 * @param said - by source, in that order
 */
export function weighReservations(
  said: readonly (readonly [source: string, said: Reservation | null])[],
): Consent {
  let refused = false
  const signals: string[] = []
  for (const [source, reservation] of said) {
    if (reservation?.reserved == null) continue
    refused = reservation.reserved
    signals.push(`${source}: ${refused ? 1 : 0}`)
    if (reservation.policy) signals.push(`${source} policy: ${reservation.policy}`)
  }
  return { refused, signals }
}
