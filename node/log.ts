import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'

/** What the parts of a node write to; every line is one JSON object. */
export type Log = pino.Logger

export type LogLevel = (typeof LOG_LEVELS)[number]
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/**
 * Fields that hold what strangers wrote: pages, servers, peers. They reach the log at `debug` and below only,
 * so that an ordinary log neither collects people's words nor carries a forged line to whoever reads it.
 */
const FOREIGN_FIELDS = ['url', 'pageUrl', 'finalUrl', 'text', 'headers', 'body', 'reason'] as const

/** Bytes of a log: weeks of a daemon. Beyond it, it becomes the old one, whose place it takes. */
const MAX_LOG_BYTES = 10_000_000

/** Where a log's older half lies. */
export function oldLog(file: string): string {
  return `${file}.old`
}

/**
 * @param target - a file, appended to and made with its directory, or standard error. A file and the old one beside
 *   it never hold more than twice `maxBytes`
 * @throws Error where the file can't be opened
 */
export function openLog(level: LogLevel, target: { file: string } | 'stderr', maxBytes = MAX_LOG_BYTES): Log {
  // synchronous: the last lines before a crash are the ones that are wanted, and a node writes few
  const stream =
    target === 'stderr' ? pino.destination({ dest: 2, sync: true }) : openBounded(target.file, maxBytes)
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        logMethod(args, method, number) {
          const fields: unknown = args[0]
          if (number > pino.levels.values.debug! && typeof fields === 'object' && fields !== null)
            args[0] = withhold(fields) as never
          method.apply(this, args)
        },
      },
    },
    stream,
  )
}

function openBounded(file: string, maxBytes: number): pino.DestinationStream {
  mkdirSync(dirname(file), { recursive: true })
  let fd = openSync(file, 'a')
  let bytes = fstatSync(fd).size
  function beginAnew(): void {
    // another process may have done it
    const isOurs = statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino
    closeSync(fd)
    if (isOurs) renameSync(file, oldLog(file))
    fd = openSync(file, 'a')
    bytes = fstatSync(fd).size
  }
  return {
    write(line) {
      try {
        if (bytes > 0 && bytes + line.length > maxBytes) beginAnew()
        bytes += writeSync(fd, line)
      } catch {
        // a full disk is no reason to end the work; whatever else needs it will say so
      }
    },
  }
}

function withhold(fields: object): object {
  if (fields instanceof Error || !FOREIGN_FIELDS.some((field) => field in fields)) return fields
  const kept: Record<string, unknown> = { ...fields }
  for (const field of FOREIGN_FIELDS) delete kept[field]
  return kept
}

/** @returns the level that `SHOAL_LOG` or `--verbose` asks for; an unknown word means `info` */
export function chooseLevel(verbose: boolean, env: NodeJS.ProcessEnv = process.env): LogLevel {
  const asked = LOG_LEVELS.find((level) => level === env.SHOAL_LOG?.toLowerCase())
  return asked ?? (verbose ? 'debug' : 'info')
}
