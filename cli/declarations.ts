import sade from 'sade'
import { CAMPAIGNS } from './declarations/campaigns.ts'
import type { Command } from './declarations/command.ts'
import { CRAWLING } from './declarations/crawling.ts'
import { MACHINE } from './declarations/machine.ts'
import { MODELS } from './declarations/models.ts'
import { PAIRS } from './declarations/pairs.ts'
import { REMOVALS } from './declarations/removals.ts'
import { RUNNING } from './declarations/running.ts'
import { OPTIONS, type OptionKind } from './options.ts'

export type { Command, Context } from './declarations/command.ts'
export { ALONE } from './declarations/running.ts'

/** By name, in the order of `--help`. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ...CRAWLING,
  ...RUNNING,
  ...MACHINE,
  ...MODELS,
  ...CAMPAIGNS,
  ...PAIRS,
  ...REMOVALS,
}

/** The program as sade knows it, for parsing and for `--help`. */
export function declare(version: string): sade.Sade {
  const program = sade('shoal').version(version)
  for (const [name, command] of Object.entries(COMMANDS)) {
    program.command(`${name} ${command.usage}`.trim(), command.describe)
    for (const option of command.options) program.option(`--${option}`, describeOption(OPTIONS[option]))
    for (const example of command.examples) program.example(example)
    program.action(() => {})
  }
  return program
}

function describeOption(option: OptionKind): string {
  return option.kind === 'choice' && !option.isTold
    ? `${option.describe}: ${option.of.join(', ')}`
    : option.describe
}
