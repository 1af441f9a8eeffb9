import { ShoalError } from '../../protocol/errors.ts'
import { coarserDevice } from '../../protocol/rules/device-class.ts'
import type { DeviceUse, Score, Scorer } from '../components.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { type Lane, openLane } from './lane.ts'

export type BatchScorer = Pick<Scorer, 'score' | 'embed' | 'devices' | 'close'> & {
  /** the coarsest of its devices' */
  deviceClass(): string
}

interface Waiting {
  crop: Uint8Array
  text: string
  settle: PromiseWithResolvers<Score>
}

export interface BatchOptions {
  /** how long an idle device waits for a batch to fill, milliseconds */
  maxWaitMs: number
  /** told when a device can't do what it could */
  onTrouble?: ((use: DeviceUse) => void) | undefined
}

/** Opens the model on each of the devices, and gathers pairs into batches for whichever is free. */
export async function openBatches(
  devices: readonly EncoderOptions[],
  { maxWaitMs, onTrouble = () => {} }: BatchOptions,
): Promise<BatchScorer> {
  const lanes = await openLanes(devices, onTrouble)
  const { width, height } = devices[0]!.config.geometry
  const cropBytes = 3 * width * height
  const waiting: Waiting[] = []
  const running = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let isOverdue = false
  let isClosed = false

  /** Sends full batches while there is room, and an incomplete one only to an idle device. */
  function send(): void {
    for (let lane = next(); lane; lane = next()) {
      const batch = run(lane, waiting.splice(0, lane.batch())).finally(() => {
        running.delete(batch)
        send()
      })
      running.add(batch)
    }
    if (waiting.length > 0) timer ??= setTimeout(overdue, maxWaitMs)
    else stopWaiting()
  }

  /** @returns the device that has the least to do of those that may begin now */
  function next(): Lane | undefined {
    if (waiting.length === 0) return undefined
    let best: Lane | undefined
    for (const lane of lanes) {
      const isFull = waiting.length >= lane.batch() || (isOverdue && lane.running() === 0)
      if (lane.hasRoom() && isFull && (best === undefined || lane.running() < best.running())) best = lane
    }
    return best
  }

  function overdue(): void {
    isOverdue = true
    send()
  }

  function stopWaiting(): void {
    clearTimeout(timer)
    timer = undefined
    isOverdue = false
  }

  async function run(lane: Lane, batch: Waiting[]): Promise<void> {
    try {
      const { dimension, similarities, embeddings } = await lane.run(
        batch.map(({ crop }) => crop),
        batch.map(({ text }) => text),
      )
      for (const [i, { settle }] of batch.entries()) {
        const embedding = embeddings.slice(i * dimension, (i + 1) * dimension)
        settle.resolve({ similarity: similarities[i]!, embedding })
      }
    } catch (error) {
      for (const { settle } of batch) settle.reject(error)
    }
  }

  function demandCrop(crop: Uint8Array): void {
    if (crop.length === cropBytes) return
    const wanted = `${width} x ${height} x 3 = ${cropBytes}`
    throw new ShoalError('score_crop', `a crop has ${crop.length} bytes; the model takes ${wanted}`)
  }

  function demandOpen(): void {
    if (isClosed) throw new ShoalError('score_closed', 'the scorer is closed')
  }

  return {
    devices: () => sumByDevice(lanes.map((lane) => lane.use())),
    deviceClass() {
      const [first, ...others] = lanes.map((lane) => lane.use().deviceClass) as [string, ...string[]]
      return others.reduce((one, other) => coarserDevice(one, other) ?? one, first)
    },

    async score(crop, text) {
      demandOpen()
      demandCrop(crop)
      const settle = Promise.withResolvers<Score>()
      waiting.push({ crop, text, settle })
      send()
      return settle.promise
    },

    async embed(side) {
      demandOpen()
      if ('crop' in side) demandCrop(side.crop)
      const [lane] = lanes.toSorted((a, b) => a.running() - b.running())
      const { embeddings, dimension } = await lane!.embed(side)
      return embeddings.slice(0, dimension)
    },

    async close() {
      if (isClosed) return
      isClosed = true
      stopWaiting()
      for (const { settle } of waiting.splice(0)) {
        settle.reject(new ShoalError('score_closed', 'the scorer was closed before this pair had its turn'))
      }
      await Promise.all(running)
      await Promise.all(lanes.map((lane) => lane.close()))
    },
  }
}

/** Of a device with several sessions: they work at the same time, so that the longest is how long it was busy. */
function sumByDevice(uses: readonly DeviceUse[]): DeviceUse[] {
  return [...Map.groupBy(uses, ({ device }) => device).values()].map((sessions) => ({
    ...sessions[0]!,
    batch: Math.max(...sessions.map(({ batch }) => batch)),
    pairs: sessions.reduce((sum, { pairs }) => sum + pairs, 0),
    busySeconds: Math.max(...sessions.map(({ busySeconds }) => busySeconds)),
    trouble: sessions.find(({ trouble }) => trouble !== null)?.trouble ?? null,
  }))
}

/** Of a device that has one session already another may find no room: it does without. */
async function openLanes(
  devices: readonly EncoderOptions[],
  onTrouble: (use: DeviceUse) => void,
): Promise<Lane[]> {
  const lanes: Lane[] = []
  try {
    for (const [i, options] of devices.entries()) {
      const isAnother = devices.slice(0, i).some(({ device }) => device.name === options.device.name)
      const lane = await openLane(options, onTrouble).catch((error: unknown) => {
        if (isAnother) return null
        throw error
      })
      if (lane !== null) lanes.push(lane)
    }
    return lanes
  } catch (error) {
    await Promise.all(lanes.map((lane) => lane.close()))
    throw error
  }
}
