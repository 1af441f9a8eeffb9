import { startThreads } from '../threads.ts'
import type { BareJob } from './bare-worker.ts'
import { openBatches } from './batch-pairs.ts'
import { chooseDevices, tryDevices } from './choose-devices.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { type LoadedModel, loadModel, type ModelOptions } from './load-model.ts'
import { prepareRuntime } from './prepare-runtime.ts'
import { testPicture } from './test-picture.ts'
import type { Trial } from './try-device.ts'

/** How fast a device scores. */
export interface DeviceSpeed extends Pick<Trial, 'device' | 'deviceClass' | 'trouble'> {
  /** pairs */
  batch: number
  /** pairs a second, crops and texts given; 0 where there is trouble */
  perSecond: number
  /** of what the bare sessions do with the same batches as ready tensors; null where there is trouble */
  ofBare: number | null
}

export interface BenchOptions extends ModelOptions {
  /** `auto`: each that is here, or as ScorerOptions has it */
  device: string
  /** that a device is measured for, after it was opened */
  seconds: number
  onTrial?: ((device: string) => void) | undefined
}

/** Rounds of the scorer and of the bare sessions in turn: what else the machine does falls on both. */
const ROUNDS = 10
/** Batches that wait for the device, as the pipeline keeps them. */
const BATCHES_AHEAD = 3
/** Alt texts are of a few words, some of many. */
const TEXTS = [
  'red balloon',
  'a dog runs through the deep snow behind two children who pull a sledge',
  'an old house near the sea',
  'the flag of Japan, painted on an old wooden wall beside a narrow street, seen from far above in the evening',
]

/**
 * Measure each device beside the bare sessions on it.
 *
 * @throws ShoalError as `openScorer`, of the model and of names of devices
 */
export async function* benchScore(
  model: string | undefined,
  options: BenchOptions,
): AsyncGenerator<DeviceSpeed> {
  prepareRuntime()
  const loaded = await loadModel(model, options)
  for (const trial of await tryDevices(loaded, options)) {
    const { device, deviceClass, batch, trouble } = trial
    const told = { device, deviceClass, batch, trouble }
    if (trouble !== null) yield { ...told, perSecond: 0, ofBare: null }
    else yield { ...told, ...(await benchDevice(loaded, trial, options)) }
  }
}

async function benchDevice(
  loaded: LoadedModel,
  { device, batch }: Trial,
  { cacheDir, seconds, signal }: BenchOptions,
): Promise<Pick<DeviceSpeed, 'batch' | 'perSecond' | 'ofBare'>> {
  const chosen = await chooseDevices(loaded, { device, cacheDir })
  const [options] = chosen as [EncoderOptions]
  const pairs = makePairs(loaded, options.batch)
  await using opened = new AsyncDisposableStack()
  const scorer = await openBatches(chosen, { maxWaitMs: 20 })
  opened.defer(() => scorer.close())
  const bare = startThreads(new URL('./bare-worker', import.meta.url), { threads: 1 })
  opened.defer(() => bare.destroy())
  const ask = (job: BareJob): Promise<void> => bare.run(job)
  await ask({ kind: 'open', options, crops: pairs.crops, texts: pairs.texts })
  opened.defer(() => ask({ kind: 'close' }))

  async function score(batches: number): Promise<void> {
    let next = 0
    const feed = async () => {
      for (let i = next++; i < batches * options.batch; i = next++)
        await scorer.score(pairs.list[i % options.batch]!, pairs.texts[i % options.batch]!)
    }
    await Promise.all(Array.from({ length: BATCHES_AHEAD * options.batch }, feed))
  }

  const runBare = (batches: number) => ask({ kind: 'run', batches })
  await score(1)
  const oneMs = await time(() => runBare(1))
  // long enough that beginning and end of a round, where nothing overlaps, hardly count
  const batches = Math.max(BATCHES_AHEAD, Math.round((seconds * 1000) / (2 * ROUNDS * oneMs)))
  const own: number[] = []
  const shares: number[] = []
  const end = performance.now() + seconds * 1000
  while (own.length === 0 || (own.length < ROUNDS && performance.now() < end)) {
    signal?.throwIfAborted()
    const ms = await time(() => score(batches))
    own.push(ms)
    shares.push((await time(() => runBare(batches))) / ms)
  }
  const [use] = scorer.devices()
  return {
    batch: use?.batch ?? batch,
    perSecond: (1000 * batches * options.batch) / median(own),
    ofBare: median(shares),
  }
}

function makePairs({ geometry: { width, height } }: LoadedModel, count: number) {
  const bytes = 3 * width * height
  const crops = new Uint8Array(count * bytes)
  for (let i = 0; i < count; i++) crops.set(testPicture(i % TEXTS.length, width, height), i * bytes)
  return {
    crops,
    list: Array.from({ length: count }, (_, i) => crops.subarray(i * bytes, (i + 1) * bytes)),
    texts: Array.from({ length: count }, (_, i) => TEXTS[i % TEXTS.length]!),
  }
}

async function time(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
