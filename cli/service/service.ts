import { ShoalError } from '../../protocol/errors.ts'
import { describeLaunchd } from './launchd.ts'
import { describeSystemd } from './systemd.ts'
import { describeTask } from './windows-task.ts'

/** What is to run, and for whom. */
export interface ServiceRequest {
  /** absolute paths: of Node, then of the program */
  program: readonly [string, string]
  /** `start` and its options */
  args: readonly string[]
  /** the user's, absolute */
  home: string
  env: NodeJS.ProcessEnv
  /** number of the user, where the system has one */
  uid: number | null
  /** where what it writes to standard error goes, where nobody else keeps it */
  errorFile: string
}

export type ShellCommand = readonly [string, ...string[]]

/** How the system is told of a service. */
export interface Service {
  /** of the file that describes it */
  path: string
  text: string
  encoding: 'utf8' | 'utf16le'
  /** after the file is written */
  install: readonly ShellCommand[]
  /** before the file is removed */
  remove: readonly ShellCommand[]
  /** after it was removed */
  forget: readonly ShellCommand[]
  /** ends with 0 where it runs */
  status: ShellCommand
  /** what else is good to know, where it was installed; a command on a line of its own */
  hints: readonly string[]
}

const DESCRIPTIONS: Readonly<Partial<Record<NodeJS.Platform, (request: ServiceRequest) => Service>>> = {
  linux: describeSystemd,
  darwin: describeLaunchd,
  win32: describeTask,
}

/** @throws ShoalError `service_platform` */
export function describeService(platform: NodeJS.Platform, request: ServiceRequest): Service {
  const describe = DESCRIPTIONS[platform]
  if (describe) return describe(request)
  throw new ShoalError(
    'service_platform',
    `services of ${platform} are not known: have its own tools run ${[...request.program, ...request.args].join(' ')}`,
  )
}
