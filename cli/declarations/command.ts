import type { Options } from '../options.ts'
import type { Output } from '../output.ts'

export interface Context {
  args: string[]
  options: Options
  /** options as they stand on the command line itself */
  typed: ReadonlyMap<keyof Options, string>
  output: Output
  /** aborted by SIGINT and SIGTERM */
  signal: AbortSignal
}

export interface Command {
  /** `<…>` is needed, `[…]` may be left out; a name with `...` takes several */
  usage: string
  describe: string
  options: readonly (keyof Options)[]
  examples: readonly string[]
  /** the command's own module, loaded when it runs, so that `--help` needs none of it */
  load: () => Promise<{ run: (context: Context) => Promise<void> }>
}

/** What every command takes. */
export const COMMON = ['data', 'json', 'verbose'] as const
