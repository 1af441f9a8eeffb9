import type { Finding } from '../../../node/audit/audit.ts'

/** How often each finding was made: `kept match`, `dropped forged row_text`. */
export function tally(findings: readonly Finding[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { frame, finding, code } of findings) {
    const name = [frame, finding, code ?? ''].join(' ').trim()
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** The codes of all findings of one kind, each once. */
export const codesOf = (findings: readonly Finding[], wanted = 'forged') => [
  ...new Set(findings.filter(({ finding }) => finding === wanted).map(({ code }) => code)),
]
