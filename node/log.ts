import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'

/** What the parts of a node write to; every line is one JSON object. */
export type Log = pino.Logger

export type LogLevel = (typeof LOG_LEVELS)[number]
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/**
 * Fields whose words are this program's own, or names that it made itself of what others sent: codes, CIDs, peers' ids, files
 * and places that the owner named. All other words may be strangers': pages', servers', peers'. They reach the log at `debug`
 * and below only, so that an ordinary log neither collects people's words nor carries a forged line to whoever reads it.
 */
const OWN_FIELDS = [
  ...['block', 'campaign', 'cid', 'code', 'device', 'manifest', 'page', 'path', 'peer', 'ruling'],
  ...['source', 'state'],
]
/** None of those needs more. */
const OWN_WORDS = /^[\w.:/[\] -]{1,200}$/
/** A file as the owner named it, and reasons of this machine: why a device is not used any more, in its driver's words. */
const FREE_FIELDS = ['file', 'why']

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
      serializers: { error: pino.stdSerializers.err },
      hooks: {
        logMethod(args, method, number) {
          const [fields, ...said] = args as [unknown, ...string[]]
          const { debug, fatal } = pino.levels.values as { debug: number; fatal: number }
          if (number <= debug || typeof fields !== 'object' || fields === null)
            return method.apply(this, args)
          const { own, others } = divide(fields, number >= fatal)
          method.apply(this, [own, ...said] as never)
          if (Object.keys(others).length > 0) this.debug(others, ...said)
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

/** @param isLast - whether the node ends of it: then why it does is told, which is its own disk or database */
function divide(fields: object, isLast: boolean): Record<'own' | 'others', Record<string, unknown>> {
  const own: Record<string, unknown> = {}
  const others: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields instanceof Error ? { error: fields } : fields)) {
    if (value instanceof Error) {
      const { code, message, stack } = value as NodeJS.ErrnoException
      own.code ??= typeof code === 'string' && OWN_WORDS.test(code) ? code : 'unexpected'
      Object.assign(others, { message, stack })
    } else if (isLast || isOwn(name, value)) own[name] = value
    else others[name] = value
  }
  return { own, others }
}

function isOwn(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return typeof value !== 'object' || value === null
  return FREE_FIELDS.includes(name) || (OWN_FIELDS.includes(name) && OWN_WORDS.test(value))
}

/** @returns the level that `SHOAL_LOG` or `--verbose` asks for; an unknown word means `info` */
export function chooseLevel(verbose: boolean, env: NodeJS.ProcessEnv = process.env): LogLevel {
  const asked = LOG_LEVELS.find((level) => level === env.SHOAL_LOG?.toLowerCase())
  return asked ?? (verbose ? 'debug' : 'info')
}
