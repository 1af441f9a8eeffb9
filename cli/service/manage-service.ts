import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findDataDir } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Options } from '../options.ts'
import { describeService, type Service, type ShellCommand } from './service.ts'

/** Milliseconds for one of the system's commands. */
const COMMAND_MS = 60_000

/** The service that runs the node of this data directory, by the very program that is asked now. */
export function findService(options: Pick<Options, 'data' | 'config'>): Service {
  const dataDir = findDataDir(options.data)
  const main = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url),
  )
  return describeService(process.platform, {
    program: [process.execPath, main],
    args: [
      ...['start', '--data', dataDir],
      ...(options.config === undefined ? [] : ['--config', resolve(options.config)]),
    ],
    ...{ home: homedir(), env: process.env, uid: process.getuid?.() ?? null },
    errorFile: join(dataDir, 'service.err'),
  })
}

/**
 * Write the file, and tell the system.
 *
 * @throws ShoalError `service_passing`, `service_unwritable`, `service_command`
 */
export async function installService(service: Service): Promise<void> {
  if (/[\\/]_npx[\\/]/.test(import.meta.url))
    throw new ShoalError(
      'service_passing',
      'npx keeps this program for a while only, and a service would lose it: npm install -g shoal first, then shoal service install',
    )
  const { path, text, encoding } = service
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, encoding)
  } catch (cause) {
    throw new ShoalError(
      'service_unwritable',
      `can't write ${path} (${(cause as Error).message}): let this user write there`,
      { cause },
    )
  }
  for (const command of service.install) await tell(command, `${path} is written, but `)
}

/** Stop it, and have the system forget it. @throws ShoalError `service_command` */
export async function removeService(service: Service): Promise<void> {
  // one that does not run can't be stopped
  for (const command of service.remove) await succeeds(command)
  await rm(service.path, { force: true })
  for (const command of service.forget) await tell(command, `${service.path} is removed, but `)
}

/** Whether one of the system's commands ends well. */
export async function succeeds(command: ShellCommand): Promise<boolean> {
  return (await execute(command)) === null
}

/** @throws ShoalError `service_command` */
async function tell(command: ShellCommand, before: string): Promise<void> {
  const fault = await execute(command)
  if (fault !== null)
    throw new ShoalError(
      'service_command',
      `${before}${command.join(' ')} failed (${fault}): log in as the user whose service it is, and type it there`,
    )
}

/** @returns why it failed, in a line, or null */
function execute([file, ...args]: ShellCommand): Promise<string | null> {
  return new Promise((settle) => {
    execFile(file, args, { timeout: COMMAND_MS, windowsHide: true }, (error, _, stderr) => {
      const [first = ''] = stderr.trim().split('\n')
      settle(error === null ? null : first || error.message.split('\n')[0]!)
    })
  })
}
