import type { Agreement, AgreementTerms } from './agree.ts'
import { toleranceOf } from './device-class.ts'

/** An accusation of another verifier's, and what the rechecker needs to know of it. */
export interface Accusation {
  code: string
  /** the accuser's score, where it gives one */
  similarity: number | null
  /** the accuser's */
  device: string
}

/**
 * Whether an accusation holds, for whoever has looked at the row again. Between devices of different classes the
 * question is not whether one would have accused the row, but whether the accuser saw what it says: else a row that
 * is wrong by less than one of them can tell would set two honest verifiers against each other.
 *
 * @param own - what the rechecker finds of the row
 * @param said - the shard's score of the row
 * @param score - the rechecker's
 * @returns null where it can't tell, and says nothing
 */
export function agreeOnAccusation(
  accusation: Accusation,
  own: Agreement,
  {
    said,
    score,
    ...terms
  }: { said: number | null; score: number | null } & Omit<AgreementTerms, 'threshold'>,
): boolean | null {
  const { code, similarity, device } = accusation
  if (own.finding === 'forged') return true
  if (own.finding === 'unverifiable') return null
  const isOwnClass = device === terms.verifierDevice
  if (!BY_DEVICE.has(code) || isOwnClass) return own.finding === 'match' ? false : null
  if (UNTOLD.has(code) || similarity === null || said === null || score === null) return null
  const apart = toleranceOf({ ...terms, producerDevice: device })
  const allowed = toleranceOf({ ...terms, verifierDevice: device })
  if (apart === null || allowed === null) return null
  if (Math.abs(score - similarity) > apart) return false
  return code === 'row_score' ? Math.abs(said - similarity) > allowed : null
}

/** What devices see differently; all else is the same for everybody who looks. */
export const BY_DEVICE: ReadonlySet<string> = new Set([
  ...['row_score', 'row_threshold', 'row_embedding', 'row_findings'],
])
/** Of those, what the accuser's score says nothing of. */
const UNTOLD: ReadonlySet<string> = new Set(['row_embedding', 'row_findings'])
