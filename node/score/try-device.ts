import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { unusable } from './device.ts'
import { deviceClassOf } from './device-class.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import type { GoldenPair } from './shoal-file.ts'

export interface TrialJob {
  /** `batch`: the most */
  options: Omit<EncoderOptions, 'turn'> & { turn: null }
  golden: GoldenPair[]
  /** pairs a second below which the device is not wanted, so that its scores need not be looked at */
  atLeast: number
}

export type TrialAnswer =
  | { ok: true; batch: number; perSecond: number; isChecked: boolean }
  | { ok: false; code: string; message: string }

/** What a device did when it was tried. */
export interface Trial {
  device: string
  deviceClass: string
  /** as found by trial; 0 where there is trouble */
  batch: number
  /** pairs a second; 0 where there is trouble */
  perSecond: number
  /** whether its scores were compared, which is not worth it for one that is too slow */
  isChecked: boolean
  /** why it can't be used */
  trouble: { code: string; message: string } | null
}

/** A software renderer takes a minute for a small model where nothing else runs, a GPU some seconds for a large one. */
const TRIAL_MS = 300_000
const CHILD = new URL(
  import.meta.url.endsWith('.ts') ? './try-device-child.ts' : './try-device-child.js',
  import.meta.url,
)

/**
 * Open a model on a device in a process of its own, find the batch, measure the rate, and compare the golden pairs.
 *
 * @returns what came of it, faults of the device included
 * @throws the signal's reason
 */
export async function tryDevice(job: TrialJob, signal?: AbortSignal): Promise<Trial> {
  signal?.throwIfAborted()
  const { device, precision } = job.options
  const answer = await ask(job, signal)
  signal?.throwIfAborted()
  const told = { device: device.name, deviceClass: deviceClassOf(device, precision) }
  if (!answer.ok) {
    const { code, message } = answer
    return { ...told, batch: 0, perSecond: 0, isChecked: false, trouble: { code, message } }
  }
  const { batch, perSecond, isChecked } = answer
  return { ...told, batch, perSecond, isChecked, trouble: null }
}

async function ask(job: TrialJob, signal?: AbortSignal): Promise<TrialAnswer> {
  const { promise, resolve } = Promise.withResolvers<TrialAnswer>()
  const fail = (why: string) => {
    const { code, message } = unusable(job.options.device, why)
    resolve({ ok: false, code, message })
  }
  const child = fork(fileURLToPath(CHILD), {
    ...{ execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  })
  const timer = setTimeout(() => fail(`it did not answer within ${TRIAL_MS / 1000} s`), TRIAL_MS)
  const onAbort = () => fail('called off')
  signal?.addEventListener('abort', onAbort)
  child.once('message', (answer) => resolve(answer as TrialAnswer))
  child.once('error', (error) => fail(error.message))
  child.once('exit', (status, killed) => fail(`the process that tried it ended by ${killed ?? status}`))
  child.send(job, (error) => error && fail(error.message))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    child.kill('SIGKILL')
  }
}
