import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findDataDir } from '../../node/paths.ts'
import { askFirst } from '../ask-first.ts'
import { openConfig, saveConfig, settle } from '../config.ts'
import { ALONE, type Context } from '../declarations.ts'
import { isTerminal } from '../live-lines.ts'
import { UsageError } from '../parse.ts'
import { run as start } from './start.ts'

/** Where a node has never been told what to do, and the command line does not say it, a person is asked. */
export async function run(context: Context): Promise<void> {
  const { options, typed, output, signal } = context
  const { path, written } = openConfig(options)
  const dataDir = findDataDir(options.data)
  if (options.campaign !== undefined || written !== null || existsSync(join(dataDir, 'db')))
    return start(context)
  if (!process.stdin.isTTY || !isTerminal(process.stderr))
    throw new UsageError(
      'name what to work on: shoal --campaign CID, FILE or demo; without it, three questions are asked on a terminal (see shoal --help)',
    )
  await saveConfig(path, await askFirst({ input: process.stdin, output: process.stderr }, dataDir, signal))
  output.print(`Your answers are in ${path}`)
  output.print()
  const settled = settle({ ...context, typed, show: 'command', name: 'shoal', command: ALONE })
  await start({ ...context, options: settled.options })
}
