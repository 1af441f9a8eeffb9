import { askDaemon } from '../node/control.ts'
import type { ControlAnswers } from '../node/daemon/daemon.ts'
import { findDataDir } from '../node/paths.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Context } from './declarations.ts'
import { suggest } from './suggest.ts'

type Result<Command extends keyof ControlAnswers> = Awaited<ReturnType<ControlAnswers[Command]>>

/** Ask the daemon of the command line's data directory. @returns undefined where none runs */
export async function tryControl<Command extends keyof ControlAnswers>(
  { options, signal }: Context,
  command: Command,
  argument?: unknown,
  onProgress?: (progress: unknown) => void,
): Promise<Result<Command> | undefined> {
  try {
    return (await askDaemon(findDataDir(options.data), { command, argument }, signal, onProgress)) as
      | Result<Command>
      | undefined
  } catch (error) {
    // where no daemon can listen, none runs
    if ((error as ShoalError).code === 'control_path') return undefined
    throw error
  }
}

/** As `tryControl`. @throws ShoalError `daemon_absent` */
export async function control<Command extends keyof ControlAnswers>(
  context: Context,
  command: Command,
  argument?: unknown,
): Promise<Result<Command>> {
  const result = await tryControl(context, command, argument)
  if (result !== undefined) return result
  throw new ShoalError(
    'daemon_absent',
    `no node runs here: start it with ${suggest('start', context.options.data)}`,
  )
}
