import { CAMPAIGNS } from './declarations/campaigns.ts'
import type { Command } from './declarations/command.ts'
import { CRAWLING } from './declarations/crawling.ts'
import { MACHINE } from './declarations/machine.ts'
import { MODELS } from './declarations/models.ts'
import { PAIRS } from './declarations/pairs.ts'
import { REMOVALS } from './declarations/removals.ts'
import { RUNNING } from './declarations/running.ts'

export type { Command, Context } from './declarations/command.ts'
export { ALONE } from './declarations/running.ts'

/** Commands by topic, in the order of `--help`; by the words that `help` takes. */
export const TOPICS: Readonly<
  Record<string, { title: string; commands: Readonly<Record<string, Command>> }>
> = {
  crawling: { title: 'Crawl on this machine alone', commands: CRAWLING },
  running: { title: 'Run a node, and see what it does', commands: RUNNING },
  machine: { title: 'This machine: settings, devices, speed', commands: MACHINE },
  models: { title: 'Models', commands: MODELS },
  campaigns: { title: 'Campaigns and their releases', commands: CAMPAIGNS },
  pairs: { title: 'Shards and their pairs', commands: PAIRS },
  removals: { title: 'Removals, opt-outs and blocklists', commands: REMOVALS },
}

/** By name. */
export const COMMANDS: Readonly<Record<string, Command>> = Object.assign(
  {},
  ...Object.values(TOPICS).map(({ commands }) => commands),
)
