import { dirname } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { CPU, type Device, parseDevices, unusable } from './device.ts'
import { isForGpus } from './device-class.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { mostPairs } from './find-batch.ts'
import { findDevices } from './find-devices.ts'
import { type LoadedModel, readGolden } from './load-model.ts'
import { type Memory, openMemory } from './remember-trials.ts'
import type { GoldenPair } from './shoal-file.ts'
import { CPU_BATCH } from './steady-encoder.ts'
import { type Trial, tryDevice } from './try-device.ts'
import { makeTurn } from './turn.ts'

/** Have the fastest device that computes what others can confirm. */
export const AUTO = 'auto'
/**
 * Pairs a second above which a GPU waits for its pictures to be made floats of, a seventh of a millisecond each: then it
 * has two sessions, one of which works while the other's batch is made ready.
 */
const FAST = 500
/** of all scorers of this process */
const TURN = makeTurn()

export interface ChoiceOptions {
  /** `auto`, or as `parseDevices` reads it */
  device: string
  /** most pairs of one batch, in place of what is found by trial */
  batch?: number | undefined
  /** where trials are remembered; the data directory is above it */
  cacheDir: string
  /** told before a device is tried, which takes a while */
  onTrial?: ((device: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * What to open a model on. A GPU is tried in a process of its own first, since its driver may end that; how it did is
 * remembered until the model, the runtime or a driver changes.
 *
 * @throws ShoalError `device_unknown`, `device_mixed`; of a device that was asked for `device_unusable`, `model_golden`
 */
export async function chooseDevices(loaded: LoadedModel, options: ChoiceOptions): Promise<EncoderOptions[]> {
  const { encoder } = loaded
  const told = options.device === AUTO ? null : parseDevices(options.device)
  if (told?.every(({ kind }) => kind === 'cpu') || (told === null && !isForGpus(encoder.precision)))
    return onCpus(encoder, told?.length ?? 1, options.batch)
  const { candidates, fingerprint } = await findDevices(dirname(options.cacheDir))
  if (told === null && candidates.length === 1) return onCpus(encoder, 1, options.batch)
  const memory = await openMemory(loaded, fingerprint, options.cacheDir)
  let golden: Promise<GoldenPair[]> | undefined
  const attempt = async (device: Device, atLeast: number): Promise<Trial> => {
    options.onTrial?.(device.name)
    golden ??= readGolden(loaded, false)
    return tryDevice(jobOf(device, encoder, await golden, atLeast), options.signal)
  }
  const trials =
    told === null
      ? await pickFastest(candidates, memory, attempt)
      : await tryAll(told, memory, attempt, encoder.precision)
  await memory.save()
  if (trials === null) return onCpus(encoder, 1, options.batch)
  return trials.flatMap(({ device: name, batch, perSecond }) => {
    const [device] = parseDevices(name) as [Device]
    const one = { ...encoder, device, turn: turnOf(device), batch: options.batch ?? batch }
    return perSecond < FAST ? [one] : [one, one]
  })
}

/** Try each device that may be in this machine, whatever was remembered: those that work and those that don't. */
export async function tryDevices(
  loaded: LoadedModel,
  { device, cacheDir, onTrial, signal }: Pick<ChoiceOptions, 'device' | 'cacheDir' | 'onTrial' | 'signal'>,
): Promise<Trial[]> {
  const { candidates } = await findDevices(dirname(cacheDir))
  const found = device === AUTO ? candidates.flat() : parseDevices(device)
  const trials: Trial[] = []
  const golden = await readGolden(
    loaded,
    found.every(({ kind }) => kind === 'cpu'),
  )
  for (const one of new Map(found.map((each) => [each.name, each])).values()) {
    onTrial?.(one.name)
    trials.push(await tryDevice(jobOf(one, loaded.encoder, golden, 0), signal))
  }
  return trials
}

type Attempt = (device: Device, atLeast: number) => Promise<Trial>

/** @returns null for the CPU */
async function pickFastest(
  candidates: Device[][],
  memory: Memory,
  attempt: Attempt,
): Promise<Trial[] | null> {
  const cpu = memory.get(CPU) ?? memory.set(await attempt(CPU, 0))
  let best: Trial[] | null = null
  let most = cpu.perSecond
  for (const devices of candidates) {
    const trials: Trial[] = []
    for (const device of devices.filter(({ kind }) => kind !== 'cpu'))
      trials.push(memory.get(device) ?? memory.set(await attempt(device, most)))
    const good = trials.filter(({ trouble, perSecond }) => trouble === null && perSecond >= most)
    const perSecond = good.reduce((sum, trial) => sum + trial.perSecond, 0)
    if (perSecond > most) [best, most] = [good, perSecond]
  }
  return best
}

/** Each of those that were asked for, once; one in trouble may have been mended since. */
async function tryAll(told: Device[], memory: Memory, attempt: Attempt, precision: string): Promise<Trial[]> {
  for (const device of told) {
    if (!isForGpus(precision))
      throw unusable(
        device,
        `it computes fp32 and fp16, and the model is in ${precision}, which the CPU has to`,
      )
    const before = memory.get(device)
    const trial = before?.isChecked ? before : memory.set(await attempt(device, 0))
    if (trial.trouble !== null) throw new ShoalError(trial.trouble.code, trial.trouble.message)
  }
  return told.map((device) => memory.get(device)!)
}

function onCpus(encoder: EncoderOptions, count: number, batch = CPU_BATCH): EncoderOptions[] {
  const threads = Math.max(1, Math.floor(encoder.threads / count))
  return Array.from({ length: count }, () => ({ ...encoder, device: CPU, turn: null, threads, batch }))
}

function turnOf({ kind }: Device) {
  return kind === 'webgpu' ? TURN : null
}

function jobOf(device: Device, encoder: EncoderOptions, golden: GoldenPair[], atLeast: number) {
  const batch = device.kind === 'cpu' ? CPU_BATCH : mostPairs(encoder.config.geometry)
  return { options: { ...encoder, device, turn: null, batch }, golden, atLeast }
}
