import { constants } from 'node:os'
import { styleText } from 'node:util'
import { ShoalError } from '../protocol/errors.ts'
import { cleanLine } from './clean.ts'
import { UsageError } from './parse.ts'

export interface Failure {
  /** exit status */
  status: number
  code: string
  /** one line: what failed, and what to do */
  message: string
  /** with SHOAL_DEBUG=1 */
  stack: string | null
}

/** What to do about the system's own errors, which only say what happened. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  EACCES: 'check who may read and write there',
  EPERM: 'check who may read and write there',
  EISDIR: 'name a file, not a directory',
  ENOTDIR: 'a part of the path is a file',
  ENOSPC: 'free some space, or choose another disk with --data and --out',
  EROFS: 'choose another place with --data and --out',
  EMFILE: 'raise the limit of open files (ulimit -n)',
}

/** @param interrupted - the signal that asked the command to stop, if one did */
export function describeFailure(thrown: unknown, interrupted: NodeJS.Signals | null): Failure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const stack = process.env.SHOAL_DEBUG === '1' ? (error.stack ?? null) : null
  if (interrupted !== null)
    return {
      status: 128 + constants.signals[interrupted],
      code: 'interrupted',
      message: 'stopped before the end; run the same command again to finish',
      stack,
    }
  if (error instanceof ShoalError)
    return {
      status: error instanceof UsageError || error.code === 'hours_invalid' ? 2 : 1,
      code: error.code,
      message: cleanLine(error.message),
      stack,
    }
  const code = (error as NodeJS.ErrnoException).code
  const advice = code === undefined ? undefined : ADVICE[code]
  if (code !== undefined && advice !== undefined)
    return { status: 1, code, message: `${cleanLine(error.message)}: ${advice}`, stack }
  return {
    status: 1,
    code: 'unexpected',
    message: `${cleanLine(`${error.name}: ${error.message}`)}; this is a fault in Shoal: run it again with SHOAL_DEBUG=1 and report what it prints`,
    stack,
  }
}

/** One line to stderr; with `--json` also an object to stdout, where a program reads its results. */
export function reportFailure({ code, message, stack }: Failure, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`)
  const label = styleText('red', 'error', { stream: process.stderr })
  process.stderr.write(`${label} (${code}): ${message}\n${stack === null ? '' : `${stack}\n`}`)
}
