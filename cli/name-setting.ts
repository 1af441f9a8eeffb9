import { nearest } from './nearest.ts'
import type { Options } from './options.ts'
import { UsageError } from './parse.ts'
import { SETTINGS } from './settings.ts'

/**
 * @param heading - of the settings that are meant; absent: all
 * @throws UsageError `config_unknown` for what is none of them
 */
export function nameSetting(typed: string, heading?: keyof typeof SETTINGS): keyof Options {
  const groups = heading === undefined ? Object.values(SETTINGS) : [SETTINGS[heading]]
  const names = groups.flatMap((group) => group.map(({ name }) => name))
  const found = names.find((name) => name === typed)
  if (found !== undefined) return found
  const meant = nearest(typed, names)
  throw new UsageError(
    `there is no setting ${JSON.stringify(typed.slice(0, 60))}${meant === null ? '' : `: is ${meant} meant?`}; they are ${names.join(', ')}`,
    'config_unknown',
  )
}
