import { parseArgs } from 'node:util'
import { ShoalError } from '../protocol/errors.ts'
import { ALONE, COMMANDS, type Command, TOPICS } from './declarations.ts'
import { nearest } from './nearest.ts'
import { formatBytes } from './numbers.ts'
import { OPTIONS, type OptionKind, type Options } from './options.ts'
import { parseSize } from './parse-size.ts'

export type Invocation =
  /** `command`: or the first word of several, or a topic */
  | { show: 'help'; command: string | null }
  | { show: 'version' }
  | {
      show: 'command'
      name: string
      command: Command
      args: string[]
      options: Options
      /** options that the command line has, as they stand there */
      typed: ReadonlyMap<keyof Options, string>
    }

/** A command line that can't be meant: exit status 2. */
export class UsageError extends ShoalError {
  constructor(message: string, code = 'usage') {
    super(code, message)
  }
}

/**
 * Reads a command line strictly: what is not understood is refused, never guessed or ignored.
 *
 * @param argv - without the program's name
 * @throws UsageError that names the fault and what is allowed
 */
export function parse(argv: readonly string[]): Invocation {
  const { values, words } = split(argv)
  if (words[0] === 'help') return { show: 'help', command: nameHelp(words.slice(1)) }
  const name = nameCommand(words)
  if (values.help) return { show: 'help', command: name ?? nameHelp(words) }
  if (values.version) return { show: 'version' }
  if (name === null && words.length > 0) throw new UsageError(missingCommand(words))
  const command = name === null ? ALONE : COMMANDS[name]!
  const args = words.slice(name?.split(' ').length)
  if (name !== null) checkArgs(name, command, args)
  const called = name ?? 'shoal'
  const options = readOptions(called, command, values)
  const typed = Object.entries(values).filter(([, value]) => value !== undefined) as [
    keyof Options,
    unknown,
  ][]
  return {
    ...{ show: 'command', name: called, command, args, options },
    typed: new Map(typed.map(([option, value]) => [option, String(value)])),
  }
}

type Values = Record<string, string | boolean | undefined>

function split(argv: readonly string[]): { values: Values; words: string[] } {
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  }
  for (const [name, { kind }] of Object.entries(OPTIONS))
    options[name] = { type: kind === 'flag' ? 'boolean' : 'string' }
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      // to undo what the config file says
      allowNegative: true,
      strict: true,
    })
    return { values: values as Values, words: positionals }
  } catch (error) {
    throw new UsageError(explain(error as Error & { code?: string }))
  }
}

const OPTION_NAMES = [...Object.keys(OPTIONS), 'help', 'version'].map((name) => `--${name}`)

function explain(error: Error & { code?: string }): string {
  const option = /'(?:-\w, )?(-[^' ]*)/.exec(error.message)?.[1] ?? 'an option'
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
    return `unknown option ${option}${didYouMean(option, OPTION_NAMES) ?? `; known are ${list(OPTION_NAMES)}`}`
  if (/does not take an argument/.test(error.message)) return `${option} takes no value`
  if (/ambiguous/.test(error.message)) return `a value that begins with - is written ${option}=-…`
  return `${option} needs a value`
}

function nameCommand(words: readonly string[]): string | null {
  const names = [words.slice(0, 2).join(' '), words[0] ?? '']
  return names.find((name) => Object.hasOwn(COMMANDS, name)) ?? null
}

/** @throws UsageError for what nothing is called */
function nameHelp(words: readonly string[]): string | null {
  if (words.length === 0) return null
  const all = words.join(' ')
  const known = [all, nameCommand(words)].find(
    (name) =>
      name !== null && (isGroup(name) || Object.hasOwn(COMMANDS, name) || Object.hasOwn(TOPICS, name)),
  )
  if (known !== undefined) return known
  const names = [...Object.keys(COMMANDS), ...Object.keys(TOPICS)]
  throw new UsageError(
    `no help on ${quote(all)}${didYouMean(all, names, 'help ') ?? `; topics are ${list(Object.keys(TOPICS))}`}`,
  )
}

function isGroup(word: string): boolean {
  return Object.keys(COMMANDS).some((name) => name.startsWith(`${word} `))
}

/** @returns words to follow what was not understood; null where nothing is like it, and all there is must be told */
function didYouMean(word: string, names: readonly string[], before = ''): string | null {
  const name = nearest(word, names)
  return name === null ? null : `: did you mean ${before}${name}?`
}

function missingCommand(words: readonly string[]): string {
  const [first = '', second] = words
  const firsts = [...new Set(Object.keys(COMMANDS).map((name) => name.split(' ')[0]!))]
  const group = Object.keys(COMMANDS).filter((name) => name.startsWith(`${first} `))
  const below = list(group.map((name) => name.slice(first.length + 1)))
  if (group.length === 0) {
    const meant = didYouMean(words.join(' '), Object.keys(COMMANDS)) ?? didYouMean(first, firsts)
    return `unknown command ${quote(first)}${meant ?? `; one of ${list(firsts)}`}`
  }
  return second === undefined
    ? `${first} needs one of ${below}`
    : `unknown command ${quote(`${first} ${second}`)}${didYouMean(`${first} ${second}`, group) ?? `; ${first} needs one of ${below}`}`
}

function checkArgs(name: string, { usage }: Command, args: readonly string[]): void {
  const places = usage.split(' ').filter(Boolean)
  const missing = places.filter((place) => place.startsWith('<'))[args.length]
  if (missing !== undefined) throw new UsageError(`${name} needs ${missing}; as in: shoal ${name} ${usage}`)
  const extra = args[places.length]
  if (extra !== undefined && !places.at(-1)?.includes('...')) {
    const group = Object.keys(COMMANDS).filter((other) => other.startsWith(`${name} `))
    throw new UsageError(
      `${name} takes ${places.length === 0 ? 'no arguments' : usage}; ${quote(extra)} is too much${didYouMean(`${name} ${extra}`, group) ?? ''}`,
    )
  }
  if (args.includes('')) throw new UsageError(`an empty argument to ${name}`)
}

function readOptions(name: string, command: Command, values: Values): Options {
  const options: Record<string, unknown> = {
    json: false,
    verbose: false,
    offline: false,
    local: false,
    follow: false,
    unverified: false,
  }
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue
    if (!command.options.includes(key as keyof Options))
      throw new UsageError(
        `${name} has no option --${key}${didYouMean(key, command.options, '--') ?? `; it has ${list(command.options.map((option) => `--${option}`))}`}`,
      )
    options[key] = readValue(`--${key}`, OPTIONS[key as keyof Options], value)
  }
  return options as unknown as Options
}

/**
 * @param key - how the value's place is called: `--threads`, or a line of the config file
 * @throws UsageError
 */
export function readValue(key: string, option: OptionKind, value: string | boolean): unknown {
  if (typeof value === 'boolean') return value
  if (option.kind === 'flag') {
    if (value === 'true' || value === 'false') return value === 'true'
    throw new UsageError(`${key} ${quote(value)} is neither true nor false`)
  }
  if (value === '') throw new UsageError(`${key} needs a value`)
  if (option.kind === 'choice' && !option.of.includes(value))
    throw new UsageError(`${key} ${quote(value)} is unknown; one of ${list(option.of)}`)
  if (option.kind === 'size') return readSize(key, option.least, value)
  if (option.kind !== 'number') return value
  const number = Number(value)
  const fits = number >= option.least && number <= option.most && (!option.whole || Number.isInteger(number))
  if (value.trim() === '' || !fits)
    throw new UsageError(
      `${key} ${quote(value)} is not a ${option.whole ? 'whole ' : ''}number from ${option.least} to ${option.most}`,
    )
  return number
}

function readSize(key: string, least: number, value: string): number {
  const bytes = parseSize(value)
  if (bytes === null)
    throw new UsageError(
      `${key} ${quote(value)} is no size: one is written as 500MB or 50GB (millions and billions of bytes), or 512MiB`,
      'size_invalid',
    )
  if (bytes < least)
    throw new UsageError(
      `${key} ${quote(value)} is too little: at least ${formatBytes(least)}`,
      'size_invalid',
    )
  return bytes
}

function list(names: readonly string[]): string {
  return names.join(', ')
}

/** One line and no control characters, whatever was typed. */
function quote(word: string): string {
  return JSON.stringify(word.length > 60 ? `${word.slice(0, 60)}…` : word)
}
