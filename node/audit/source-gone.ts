import { ShoalError } from '../../protocol/errors.ts'
import type { Agreement } from '../../protocol/rules/agree.ts'

export const GONE: Agreement = { finding: 'unverifiable', code: 'source_gone' }

/** What is wrong with the archive's server, or with its file, is not the producer's doing. */
export function whenGone(error: unknown): null {
  if (error instanceof ShoalError && /^(?:source_|not_an?_)/.test(error.code)) return null
  throw error
}
