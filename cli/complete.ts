import { ALONE, COMMANDS, type Command, TOPICS } from './declarations.ts'
import { describeOption, firstWords } from './describe.ts'
import { OPTIONS, type Options } from './options.ts'
import { SETTINGS } from './settings.ts'

/** What may stand where the cursor is. */
export interface Completion {
  words: { word: string; about: string }[]
  /** names of files may as well */
  files: boolean
}

/** Names that the node of this machine knows. */
export type NameKind = 'campaigns' | 'releases' | 'shards' | 'pins' | 'peers' | 'requests' | 'blocklists'
export type Lookup = (kind: NameKind, data: string | undefined) => Promise<Completion['words']>

type Kind = NameKind | 'files' | 'settings' | 'commands'

/** What a command's arguments are. */
const ARGUMENTS: Readonly<Record<string, readonly Kind[]>> = {
  crawl: ['files'],
  'tags calibrate': ['files'],
  verify: ['shards'],
  shards: ['shards'],
  standing: ['peers'],
  'config set': ['settings'],
  'config unset': ['settings'],
  'model pull': ['campaigns'],
  'model import': ['files'],
  'model check': ['files'],
  'campaign create': ['files'],
  'campaign show': ['campaigns'],
  'campaign leave': ['campaigns'],
  'release create': ['campaigns'],
  attest: ['campaigns', 'releases', 'shards'],
  'release show': ['releases'],
  'release verify': ['releases'],
  'release diff': ['releases'],
  'shard show': ['shards'],
  export: ['shards', 'releases'],
  fetch: ['shards', 'releases'],
  'car export': ['shards', 'releases'],
  'car import': ['files'],
  'pin remove': ['pins'],
  'removals status': ['requests'],
  'removals export': ['campaigns'],
  'removals import': ['files'],
  'removals prove': ['requests'],
  'removals review': ['requests'],
  'removals verify': ['files'],
  'blocklist add': ['files'],
  'blocklist remove': ['blocklists'],
  'denylist export': ['files'],
}

/** What an option's value is, where its kind does not tell. */
const VALUES: Readonly<Partial<Record<keyof Options, readonly Kind[]>>> = {
  campaign: ['campaigns', 'files'],
  'attested-by': ['peers'],
  signer: ['peers'],
  ...Object.fromEntries(
    (
      [
        'data',
        'config',
        'out',
        'model',
        'custodians',
        'tags',
        'head',
        'removals',
        'operators',
        'image',
      ] as const
    ).map((name) => [name, ['files']]),
  ),
}
const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']

/**
 * @param before - words of the command line before that of the cursor, without the program's name
 * @param word - that of the cursor as far as it is typed, or empty
 */
export async function complete(before: readonly string[], word: string, lookup: Lookup): Promise<Completion> {
  const typed = readWords(before)
  const all = await offer(typed, word, lookup)
  return { ...all, words: all.words.filter((one) => one.word.startsWith(word)) }
}

interface Typed {
  /** all that are no options nor their values */
  words: string[]
  options: Map<string, string>
  /** an option that the last word begins, whose value comes next */
  pending: string | null
}

function readWords(before: readonly string[]): Typed {
  const typed: Typed = { words: [], options: new Map(), pending: null }
  for (const word of before) {
    if (typed.pending !== null) {
      typed.options.set(typed.pending, word)
      typed.pending = null
      continue
    }
    const [, name, , value] = /^--([^=]+)(=(.*))?$/.exec(word) ?? []
    if (name === undefined) {
      if (!word.startsWith('-')) typed.words.push(word)
    } else if (value === undefined && Object.hasOwn(OPTIONS, name) && kindOf(name) !== 'flag')
      typed.pending = name
    else typed.options.set(name, value ?? '')
  }
  return typed
}

const kindOf = (name: string) => OPTIONS[name as keyof Options].kind

async function offer({ words, options, pending }: Typed, word: string, lookup: Lookup): Promise<Completion> {
  const find = (kinds: readonly Kind[]) => namesOf(kinds, (kind) => lookup(kind, options.get('data')))
  if (pending !== null) return valuesOf(pending as keyof Options, find)
  const [, name, begun] = /^--([^=]+)=(.*)$/.exec(word) ?? []
  if (name !== undefined && begun !== undefined) {
    if (!Object.hasOwn(OPTIONS, name)) return NOTHING
    const values = await valuesOf(name as keyof Options, find)
    return { ...values, words: values.words.map((one) => ({ ...one, word: `--${name}=${one.word}` })) }
  }
  if (words[0] === 'help') return completeHelp(words.slice(1))
  const called = [words.slice(0, 2).join(' '), words[0] ?? ''].find((one) => Object.hasOwn(COMMANDS, one))
  const command = called === undefined ? null : COMMANDS[called]!
  if (word.startsWith('-')) return optionsOf(words.length === 0 ? ALONE : command, options)
  const next = words.length < 2 ? nextWords(words[0]) : []
  if (called === undefined || command === null) return { words: next, files: false }
  const found = await argumentsOf(called, command, words.slice(called.split(' ').length), find)
  return { words: [...next, ...found.words], files: found.files }
}

const NOTHING: Completion = { words: [], files: false }

/** The words that commands begin with, or those that follow one. */
function nextWords(first: string | undefined): Completion['words'] {
  const next = new Map<string, string>(
    first === undefined ? [['help', 'Explain the program, or a command']] : [],
  )
  for (const [name, { describe }] of Object.entries(COMMANDS)) {
    const [one, two] = name.split(' ') as [string, string?]
    if (first === undefined) {
      const others = Object.keys(COMMANDS).filter((other) => other.startsWith(`${one} `))
      if (!next.has(one))
        next.set(
          one,
          two === undefined ? firstWords(describe) : list(others.map((other) => other.split(' ')[1]!)),
        )
    } else if (one === first && two !== undefined) next.set(two, firstWords(describe))
  }
  return [...next].map(([word, about]) => ({ word, about }))
}

function completeHelp(words: readonly string[]): Completion {
  if (words.length > 1) return NOTHING
  const topics = Object.entries(TOPICS).map(([word, { title }]) => ({ word, about: title }))
  const own = nextWords(words[0]).filter(({ word }) => word !== 'help')
  return { words: words.length === 0 ? [...own, ...topics] : own, files: false }
}

function optionsOf(command: Command | null, given: ReadonlyMap<string, string>): Completion {
  const own = (command?.options ?? []).filter((name) => !given.has(name))
  return {
    words: [
      ...own.map((name) => ({ word: `--${name}`, about: describeOption(OPTIONS[name]) })),
      { word: '--help', about: 'Explain the command' },
    ],
    files: false,
  }
}

async function valuesOf(name: keyof Options, find: Find): Promise<Completion> {
  const option = OPTIONS[name]
  if (option.kind === 'choice') return { words: option.of.map((word) => ({ word, about: '' })), files: false }
  if (name === 'device') return { words: DEVICES.map((word) => ({ word, about: '' })), files: false }
  return find(VALUES[name] ?? [])
}

async function argumentsOf(
  called: string,
  { usage }: Command,
  given: readonly string[],
  find: Find,
): Promise<Completion> {
  const places = usage.split(' ').filter(Boolean)
  if (given.length >= places.length && !places.at(-1)?.includes('...')) return NOTHING
  if (called === 'config set' && given.length === 1)
    return Object.hasOwn(OPTIONS, given[0]!) ? valuesOf(given[0] as keyof Options, find) : NOTHING
  // those that are one of few words tell them themselves
  const choice = /^<(\w+(?:\|\w+)*)>$/.exec(places[given.length] ?? '')?.[1]
  const kinds = ARGUMENTS[called]
  if (kinds === undefined)
    return choice?.includes('|') || choice === 'cuda'
      ? { words: choice.split('|').map((word) => ({ word, about: '' })), files: false }
      : NOTHING
  const found = await find(kinds)
  // none twice
  return { ...found, words: found.words.filter(({ word }) => !given.includes(word)) }
}

type Find = (kinds: readonly Kind[]) => Promise<Completion>

async function namesOf(
  kinds: readonly Kind[],
  lookup: (kind: NameKind) => Promise<Completion['words']>,
): Promise<Completion> {
  const words = await Promise.all(
    kinds.map((kind) => {
      if (kind === 'files' || kind === 'commands') return []
      if (kind === 'settings')
        return Object.values(SETTINGS).flatMap((group) =>
          group.map(({ name, about }) => ({ word: name, about: about[0] ?? '' })),
        )
      return lookup(kind)
    }),
  )
  return { words: words.flat(), files: kinds.includes('files') }
}

function list(words: readonly string[]): string {
  return words.join(', ')
}
