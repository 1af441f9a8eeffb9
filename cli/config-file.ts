import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { ShoalError } from '../protocol/errors.ts'
import { nearest } from './nearest.ts'
import { SETTINGS, variableOf } from './settings.ts'

/** A setting as it stands in the file, as the command line would have it. */
export interface Written {
  value: string
  /** from 1 */
  line: number
}

/** A megabyte of settings is none. */
const MAX_CHARS = 256 * 1024

const SETTING_NAMES: readonly string[] = Object.values(SETTINGS).flatMap((group) =>
  group.map(({ name }) => name),
)

export function configFile(dataDir: string): string {
  return join(dataDir, 'config.toml')
}

/**
 * Settings by name.
 *
 * @returns null where the file is not there
 * @throws ShoalError `config_unreadable`, `config_syntax`, `config_unknown`, `config_value`, with the line
 */
export function readConfig(path: string): Map<string, Written> | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new ShoalError('config_unreadable', `can't read ${path} (${message}): let this user read it`, {
      cause,
    })
  }
  if (text.length > MAX_CHARS)
    throw new ShoalError('config_syntax', `${path} is far too long to be a file of settings`)
  return readText(path, text)
}

function readText(path: string, text: string): Map<string, Written> {
  const lines = text.split('\n')
  const settings = new Map<string, Written>()
  for (const [name, value] of Object.entries(parseText(path, text))) {
    const line = findLine(lines, name) + 1
    const at = `${path}:${line}`
    if (!SETTING_NAMES.includes(name)) {
      const meant = nearest(name, SETTING_NAMES)
      throw new ShoalError(
        'config_unknown',
        `${at}: there is no setting ${JSON.stringify(name)}${meant === null ? '' : `: is ${meant} meant?`}; shoal config lists them all`,
      )
    }
    settings.set(name, { value: flatten(at, name, value), line })
  }
  return settings
}

function parseText(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [first = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new ShoalError('config_syntax', `${path}:${cause.line}: ${first}; text stands in "quotes"`, {
      cause,
    })
  }
}

/** A list is what the command line has with commas. */
function flatten(at: string, name: string, value: unknown): string {
  const parts = Array.isArray(value) ? value : [value]
  if (
    parts.length > 0 &&
    parts.every((part) => ['string', 'number', 'bigint', 'boolean'].includes(typeof part))
  )
    return parts.join(',')
  throw new ShoalError('config_value', `${at}: ${name} is text, a number, true or false, or a list of them`)
}

/** @returns from 0; 0 where nobody can tell */
function findLine(lines: readonly string[], name: string): number {
  return Math.max(
    0,
    lines.findIndex((line) => settingOf(line) === name),
  )
}

/** Which setting a line gives. */
function settingOf(line: string): string | null {
  const [, bare, quoted] = /^\s*(?:([\w-]+)|"([\w-]+)")\s*[=.]/.exec(line) ?? []
  return bare ?? quoted ?? /^\s*\[+\s*"?([\w-]+)/.exec(line)?.[1] ?? null
}

/**
 * Write settings, and leave every other line as it is. A file that is not there is made, with a comment on each.
 *
 * @param changes - values as the command line has them; null takes a setting out
 * @throws ShoalError as `readConfig`; `config_unwritable`
 */
export async function writeConfig(
  path: string,
  changes: Readonly<Record<string, string | null>>,
): Promise<void> {
  const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return makeTemplate()
    throw new ShoalError('config_unreadable', `can't read ${path} (${error.message}): let this user read it`)
  })
  let lines = before.split('\n')
  for (const [name, value] of Object.entries(changes)) lines = change(lines, name, value)
  const text = lines.join('\n')
  // whatever can't be read again is not written
  readText(path, text)
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, text, { mode: 0o600 })
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new ShoalError(
      'config_unwritable',
      `can't write ${path} (${(cause as Error).message}): let this user write there`,
      { cause },
    )
  }
}

function change(lines: readonly string[], name: string, value: string | null): string[] {
  const start = lines.findIndex((line) => settingOf(line) === name)
  const changed = [...lines]
  // a list may take several lines
  if (start >= 0) changed.splice(start, lengthOf(lines, start))
  if (value === null) {
    if (start >= 0) changed.splice(start, 0, `# ${name} =`)
    return changed
  }
  const line = `${name} = ${writeValue(value)}`
  const comment = new RegExp(`^\\s*#\\s*${name}\\s*=`)
  const at = start >= 0 ? start : changed.findIndex((one) => comment.test(one))
  if (at >= 0) changed.splice(at, start >= 0 ? 0 : 1, line)
  else changed.push(line, '')
  return changed
}

/** Lines of the setting that begins there: the fewest that are TOML. */
function lengthOf(lines: readonly string[], start: number): number {
  for (let length = 1; start + length <= lines.length; length++)
    try {
      parse(lines.slice(start, start + length).join('\n'))
      return length
    } catch {
      // it goes on
    }
  return 1
}

function writeValue(value: string): string {
  // JSON's escapes are TOML's as well
  return /^(true|false|-?\d+(\.\d+)?)$/.test(value) ? value : JSON.stringify(value)
}

function makeTemplate(): string {
  const groups = Object.entries(SETTINGS).map(([heading, settings]) =>
    [
      `## ${heading}`,
      ...settings.map(({ name, about, otherwise, example }) =>
        [...about.map((line) => `# ${line}`), `# Else: ${otherwise}`, `# ${name} = ${example}`].join('\n'),
      ),
    ].join('\n\n'),
  )
  const first = [
    '# Settings of this node. Take the # before a setting away to give it a value.',
    `# An option of the command line goes before the environment (${variableOf('threads')}), which goes before this file.`,
    '# shoal config shows what holds, and why.',
  ]
  return `${[first.join('\n'), ...groups].join('\n\n')}\n`
}
