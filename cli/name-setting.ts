import { nearest } from './nearest.ts'
import type { Options } from './options.ts'
import { UsageError } from './parse.ts'
import { SETTINGS } from './settings.ts'

/** @throws UsageError `config_unknown` for what is no setting */
export function nameSetting(typed: string): keyof Options {
  const names = Object.values(SETTINGS).flatMap((group) => group.map(({ name }) => name))
  const found = names.find((name) => name === typed)
  if (found !== undefined) return found
  const meant = nearest(typed, names)
  throw new UsageError(
    `there is no setting ${JSON.stringify(typed.slice(0, 60))}${meant === null ? '' : `: is ${meant} meant?`}; they are ${names.join(', ')}`,
    'config_unknown',
  )
}
