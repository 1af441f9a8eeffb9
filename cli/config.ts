import { resolve } from 'node:path'
import type { LimitChanges } from '../node/dashboard/dashboard.ts'
import { findDataDir } from '../node/paths.ts'
import { ShoalError } from '../protocol/errors.ts'
import { configFile, readConfig, type Written, writeConfig } from './config-file.ts'
import { OPTIONS, type Options } from './options.ts'
import { type Invocation, readValue } from './parse.ts'
import { SETTINGS, type Setting, variableOf } from './settings.ts'

type CommandInvocation = Extract<Invocation, { show: 'command' }>

export type Origin = 'option' | 'environment' | 'file' | 'default'

export interface Settled {
  setting: Setting
  /** as the command line has it; null: the default */
  value: string | null
  origin: Origin
  /** `--threads`, `SHOAL_THREADS`, or the file; null for the default */
  from: string | null
  /** of the file, from 1 */
  line: number | null
}

/** Commands that keep to all settings; the others to those that are of everywhere. */
const KEEPING = ['start', 'shoal', 'doctor']

/** Where the settings are: `--config`, else `SHOAL_CONFIG`, else in the data directory. */
export function findConfig(options: Pick<Options, 'config' | 'data'>, env = process.env): string {
  const named = options.config ?? (env.SHOAL_CONFIG || undefined)
  return named === undefined ? configFile(findDataDir(options.data)) : resolve(named)
}

/** @throws ShoalError `config_missing` where a file was named that is not there; as `readConfig` */
export function openConfig(
  options: Pick<Options, 'config' | 'data'>,
  env = process.env,
): { path: string; written: Map<string, Written> | null } {
  const path = findConfig(options, env)
  const written = readConfig(path)
  if (written === null && (options.config !== undefined || env.SHOAL_CONFIG))
    throw new ShoalError('config_missing', `${path} is not there: check --config, or SHOAL_CONFIG`)
  return { path, written }
}

/**
 * Give a command what the environment and the config file say where its command line says nothing.
 *
 * @throws UsageError `config_value` and others for values that can't be meant; as `openConfig`
 */
export function settle(invocation: CommandInvocation, env = process.env): CommandInvocation {
  const { name, command, options, typed } = invocation
  const taken = Object.values(SETTINGS)
    .flat()
    .filter((setting) => command.options.includes(setting.name))
    .filter((setting) => KEEPING.includes(name) || setting.everywhere)
  if (taken.length === 0) return invocation
  const { path, written } = openConfig(options, env)
  const settled: Record<string, unknown> = { ...options }
  for (const setting of taken) {
    if (typed.has(setting.name)) continue
    const found = findValue(setting, { path, written }, env)
    if (found.value !== null) settled[setting.name] = check(setting, found)
  }
  return { ...invocation, options: settled as unknown as Options }
}

/** What holds of all settings, and why. */
export function settleAll(
  { options, typed }: Pick<CommandInvocation, 'options' | 'typed'>,
  env = process.env,
): { path: string; isThere: boolean; settled: Settled[] } {
  const config = openConfig(options, env)
  const settled = Object.values(SETTINGS)
    .flat()
    .map((setting): Settled => {
      if (typed.has(setting.name))
        return {
          ...{ setting, value: typed.get(setting.name)!, origin: 'option' },
          ...{ from: `--${setting.name}`, line: null },
        }
      const found = findValue(setting, config, env)
      check(setting, found)
      return { setting, ...found }
    })
  return { path: config.path, isThere: config.written !== null, settled }
}

function check({ name }: Setting, { value, from, line }: Omit<Settled, 'setting'>): unknown {
  if (value === null) return undefined
  return readValue(line === null ? from! : `${from}:${line}: ${name}`, OPTIONS[name], value)
}

function findValue(
  { name }: Setting,
  { path, written }: { path: string; written: Map<string, Written> | null },
  env: NodeJS.ProcessEnv,
): Omit<Settled, 'setting'> {
  const variable = variableOf(name)
  const value = env[variable]
  if (value !== undefined && value !== '') return { value, origin: 'environment', from: variable, line: null }
  const found = written?.get(name)
  return found === undefined
    ? { value: null, origin: 'default', from: null, line: null }
    : { value: found.value, origin: 'file', from: path, line: found.line }
}

/**
 * Write settings into the config file of a data directory.
 *
 * @param changes - values as the command line has them; null: the default
 * @throws ShoalError as `writeConfig`; UsageError for values that can't be meant
 */
export async function saveConfig(
  path: string,
  changes: Readonly<Partial<Record<keyof Options, string | null>>>,
): Promise<void> {
  for (const [name, value] of Object.entries(changes))
    if (value !== null) readValue(name, OPTIONS[name as keyof Options], value)
  await writeConfig(path, changes as Record<string, string | null>)
}

/** What the dashboard may change, as the config file has it. @param path - of the file */
export function saveLimits(path: string): (changes: LimitChanges) => Promise<void> {
  return ({ hours, bytesPerSecond, diskBytes, segments, threads }) => {
    const changes: Partial<Record<keyof Options, string | null>> = {}
    if (hours !== undefined) changes.hours = hours && `${hours.from}-${hours.to}`
    if (bytesPerSecond !== undefined)
      changes.bandwidth = bytesPerSecond === null ? null : String(bytesPerSecond)
    if (diskBytes !== undefined) changes.disk = diskBytes === null ? null : String(diskBytes)
    if (segments !== undefined) changes.segments = String(segments)
    if (threads !== undefined) changes.threads = String(threads)
    return saveConfig(path, changes)
  }
}
