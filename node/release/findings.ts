/** Of what was found wrong, what is told. */
const NAMED = 3

/** Something of a release that was looked into. */
export interface Check {
  what: 'signature' | 'shards' | 'blocks' | 'verdicts' | 'rows' | 'dropped' | 'attestations'
  /** `unknown`: not all that it takes is here */
  state: 'holds' | 'fails' | 'unknown'
  /** what is wrong, or missing; how much was looked at */
  detail: string
}

export type Findings = ReturnType<typeof startFindings>

/** Counts what holds, what is wrong and what is not here. */
export function startFindings() {
  const wrong: string[] = []
  let held = 0
  let unknown = 0
  return {
    holds: () => void held++,
    isWrong: (what: string) => void wrong.push(what),
    isUnknown: () => void unknown++,
    end: (what: Check['what'], told: (held: number) => string): Check => ({
      what,
      state: wrong.length > 0 ? 'fails' : unknown > 0 ? 'unknown' : 'holds',
      detail:
        wrong.length > 0
          ? some(wrong)
          : `${told(held)}${unknown > 0 ? `; of ${unknown} it can't be told here` : ''}`,
    }),
  }
}

/** The first of what is wrong. */
export function some(wrong: readonly string[]): string {
  const more = wrong.length - NAMED
  return `${wrong.slice(0, NAMED).join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
