import wrapAnsi from 'wrap-ansi'
import { cleanLine } from './clean.ts'
import { shorten } from './table.ts'

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}
const WIDTH = 80
/** Columns before the message. */
const BEFORE = 17
const INDENT = '    '
/** Characters of a field's value. */
const MAX_VALUE = 400
/** What stands elsewhere on the line, or tells a person nothing. */
const SHOWN_OTHERWISE: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'msg'])

/** An entry of a node's log. */
export interface LogEntry {
  /** all of it, as it was written */
  fields: Record<string, unknown>
  /** local time, `2026-11-22`; empty where it has none */
  day: string
  time: string
}

/** @returns null for what is no entry: it was cut short, or something else wrote it */
export function readEntry(line: string): LogEntry | null {
  try {
    const fields: unknown = JSON.parse(line)
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return null
    const { time } = fields as { time?: unknown }
    const date = new Date(typeof time === 'string' || typeof time === 'number' ? time : Number.NaN)
    const isKnown = !Number.isNaN(date.getTime())
    return {
      fields: fields as Record<string, unknown>,
      day: isKnown ? date.toLocaleDateString('sv') : '',
      time: isKnown ? date.toLocaleTimeString('sv') : '--:--:--',
    }
  } catch {
    return null
  }
}

/** Lines of at most 80 columns, clean whoever wrote them: time, level and message, then the other fields. */
export function describeEntry({ fields, time }: LogEntry): string[] {
  const level = LEVELS[fields.level as number] ?? '?'
  const message = wrap(typeof fields.msg === 'string' ? cleanLine(fields.msg) : '', WIDTH - BEFORE)
  const [first, ...rest] = message.map((line, i) => (i === 0 ? line : ' '.repeat(BEFORE) + line))
  const others = Object.entries(fields)
    .filter(([name]) => !SHOWN_OTHERWISE.has(name))
    .map(([name, value]) => `${shorten(name, 40)} ${describeValue(value)}`)
    .join(', ')
  return [
    `${time}  ${level.padEnd(5)}  ${first}`.trimEnd(),
    ...rest,
    ...(others === '' ? [] : wrap(others, WIDTH - INDENT.length).map((line) => INDENT + line)),
  ]
}

function describeValue(value: unknown): string {
  // an error, as pino writes one
  if (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value)
    return shorten(String(value.message), MAX_VALUE)
  return shorten(typeof value === 'string' ? value : JSON.stringify(value), MAX_VALUE)
}

function wrap(text: string, width: number): string[] {
  return wrapAnsi(text, width, { hard: true }).split('\n')
}
