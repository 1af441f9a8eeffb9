import type { OptionKind } from './options.ts'

/** What a command does, up to where it tells how. */
export function firstWords(describe: string): string {
  return /^.*?(?=[.:;] |\.?$)/.exec(describe)![0]
}

/** What an option's value is. */
export function describeOption(option: OptionKind): string {
  return option.kind === 'choice' && !option.isTold
    ? `${option.describe}: ${option.of.join(', ')}`
    : option.describe
}
