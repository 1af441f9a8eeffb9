import { join } from 'node:path'
import { startDecoder } from './images/images.ts'
import { type Calibration, calibrateTags, writeTags } from './look/look.ts'
import { openScorer } from './score/score.ts'

export interface CalibrateRequest {
  dataDir: string
  /** a file of labels, see `calibrateTags` */
  labels: string
  /** a directory, `hf:owner/name@revision`, or null for the embedded model */
  model: string | null
  precision: string | null
  /** the file of thresholds that is written */
  out: string
  threads: number
  offline: boolean
  onPicture?: (done: number) => void
}

/** Measure thresholds for a model, and write them down. @throws ShoalError as `openScorer`, `calibrateTags` */
export async function calibrate(request: CalibrateRequest): Promise<Calibration> {
  const { dataDir, labels, model, precision, out, threads, offline, onPicture } = request
  const scorer = await openScorer(model ?? undefined, {
    ...{ cacheDir: join(dataDir, 'models'), threads, offline },
    ...(precision === null ? {} : { precision }),
  })
  const images = startDecoder({ threads: 1 })
  try {
    const calibration = await calibrateTags(labels, { scorer, images }, onPicture)
    await writeTags(out, calibration.file)
    return calibration
  } finally {
    await images.close()
    await scorer.close()
  }
}
