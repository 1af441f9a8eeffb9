import { ShoalError } from '../../protocol/errors.ts'
import type { EncoderOptions } from './dual-encoder.ts'
import { type DeviceStanding, type EmbeddedPairs, openSteady, type SteadyEncoder } from './steady-encoder.ts'

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
  | ({ ok: true; standing: DeviceStanding } & EmbeddedPairs)
  | { ok: false; code: string; message: string }

let encoder: SteadyEncoder | undefined
let line: Promise<unknown> = Promise.resolve()

/** The thread of the model: one job at a time in the order they came, since they share one input buffer. */
export default function work(job: ScoreJob): Promise<ScoreAnswer> {
  const answer = line.then(() => perform(job)).catch(describe)
  line = answer
  return answer
}

async function perform(job: ScoreJob): Promise<ScoreAnswer> {
  if (job.kind === 'open') encoder = await openSteady(job.options)
  if (encoder === undefined) throw new ShoalError('score_closed', 'the scorer has no model')
  const embedded = await answerJob(encoder, job)
  return { ok: true, ...embedded, standing: encoder.standing() }
}

async function answerJob(encoder: SteadyEncoder, job: ScoreJob): Promise<EmbeddedPairs> {
  if (job.kind === 'batch') return encoder.embedPairs(job.crops, job.texts)
  if (job.kind === 'embed') return encoder.embedOne(job.side)
  if (job.kind === 'close') await encoder.close()
  return { dimension: 0, similarities: [], embeddings: new Float32Array(0) }
}

function describe(error: unknown): ScoreAnswer {
  const code = error instanceof ShoalError ? error.code : 'score_failed'
  return { ok: false, code, message: error instanceof Error ? error.message : String(error) }
}
