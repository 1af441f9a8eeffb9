import { ShoalError } from '../../protocol/errors.ts'
import { type DualEncoder, type EncoderOptions, openEncoder } from './dual-encoder.ts'
import { dotRows } from './embedding-rows.ts'

/** A batch of pairs: the crops one after the other, RGB interleaved, and as many texts. */
export interface BatchJob {
  kind: 'batch'
  crops: Uint8Array
  texts: string[]
}

/** One side of a pair alone. */
export interface EmbedJob {
  kind: 'embed'
  side: { text: string } | { crop: Uint8Array }
}

export type ScoreJob = { kind: 'open'; options: EncoderOptions } | BatchJob | EmbedJob | { kind: 'close' }

/** Errors lose their code on the way between threads, so that they go as data. */
export type ScoreAnswer =
  | { ok: true; dimension: number; similarities: number[]; embeddings: Float32Array }
  | { ok: false; code: string; message: string }

let encoder: DualEncoder | undefined
let line: Promise<unknown> = Promise.resolve()

/** The thread of the model: one job at a time in the order they came, since they share one input buffer. */
export default function work(job: ScoreJob): Promise<ScoreAnswer> {
  const answer = line.then(() => perform(job)).catch(describe)
  line = answer
  return answer
}

async function perform(job: ScoreJob): Promise<ScoreAnswer> {
  if (job.kind === 'open') encoder = await openEncoder(job.options)
  if (encoder === undefined) throw new ShoalError('score_closed', 'the scorer has no model')
  const { dimension } = encoder
  if (job.kind === 'batch') {
    const texts = await encoder.embedTexts(job.texts)
    const embeddings = await encoder.embedImages(job.crops, job.texts.length)
    const similarities = job.texts.map((_, i) =>
      dotRows(embeddings, i * dimension, texts, i * dimension, dimension),
    )
    return { ok: true, dimension, similarities, embeddings }
  }
  if (job.kind === 'embed') {
    const { side } = job
    const embeddings =
      'text' in side ? await encoder.embedTexts([side.text]) : await encoder.embedImages(side.crop, 1)
    return { ok: true, dimension, similarities: [], embeddings }
  }
  if (job.kind === 'close') await encoder.close()
  return { ok: true, dimension, similarities: [], embeddings: new Float32Array(0) }
}

function describe(error: unknown): ScoreAnswer {
  const code = error instanceof ShoalError ? error.code : 'score_failed'
  return { ok: false, code, message: error instanceof Error ? error.message : String(error) }
}
