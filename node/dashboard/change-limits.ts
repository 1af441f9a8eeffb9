import { ShoalError } from '../../protocol/errors.ts'
import { type Daemon, type Limits, parseHours } from '../daemon/daemon.ts'

/** What was changed; `threads` hold from the next start on. */
export type LimitChanges = Partial<Limits> & { threads?: number }

export interface LimitsChanged {
  /** those that hold now */
  limits: Limits
  /** those that hold from the next start on */
  next: { threads?: number }
  /** whether they hold after the next start as well */
  isSaved: boolean
}

/** As the option of the command line has it. */
const MAX_THREADS = 256

/**
 * Set limits as the page sends them.
 *
 * @param body - some of Limits, `hours` as the command line has them (`22-6`), and `threads`
 * @param save - keeps them beyond this start; null: nothing does
 * @throws ShoalError `limits_invalid`, `hours_invalid`; what `save` throws, when they hold already
 */
export async function changeLimits(
  daemon: Pick<Daemon, 'limit'>,
  body: unknown,
  save: ((changes: LimitChanges) => Promise<void>) | null,
): Promise<LimitsChanged> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ShoalError('limits_invalid', 'limits are a JSON object')
  const { hours, threads, ...others } = body as Record<string, unknown>
  const next = threads === undefined ? {} : { threads: readThreads(threads, save !== null) }
  const changes = typeof hours === 'string' ? { ...others, hours: parseHours(hours) } : others
  if (hours !== undefined && typeof hours !== 'string') changes.hours = hours
  const limits = daemon.limit(changes)
  // they are what `limit` has read by now
  await save?.({ ...(changes as Partial<Limits>), ...next })
  return { limits, next, isSaved: save !== null }
}

function readThreads(threads: unknown, isSaved: boolean): number {
  if (!isSaved)
    throw new ShoalError(
      'limits_invalid',
      'threads: give --threads at the next start, nothing keeps them here',
    )
  if (Number.isInteger(threads) && Number(threads) >= 1 && Number(threads) <= MAX_THREADS)
    return Number(threads)
  throw new ShoalError('limits_invalid', `threads: from 1 to ${MAX_THREADS}`)
}
