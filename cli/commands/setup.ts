import { findDataDir } from '../../node/paths.ts'
import { askFirst } from '../ask-first.ts'
import { findConfig, saveConfig } from '../config.ts'
import type { Context } from '../declarations.ts'
import { isTerminal } from '../live-lines.ts'
import { UsageError } from '../parse.ts'
import { suggest } from '../suggest.ts'

export async function run({ options, output, signal }: Context): Promise<void> {
  if (!process.stdin.isTTY || !isTerminal(process.stderr))
    throw new UsageError('setup asks on a terminal: elsewhere, write settings with config set NAME VALUE')
  const answers = await askFirst(
    { input: process.stdin, output: process.stderr },
    findDataDir(options.data),
    signal,
  )
  const file = findConfig(options)
  await saveConfig(file, answers)
  output.print(`Written to ${file}`)
  output.print(`To begin: ${suggest('start', options.data)}`)
  output.emit({ file, settings: answers })
}
