import { type EncoderOptions, openEncoder } from './dual-encoder.ts'
import { type Feed, openTower, type Tower } from './onnx.ts'

/** `open`: the pairs of one batch, crops one after the other; `run`: how often to run that batch */
export type BareJob =
  | { kind: 'open'; options: EncoderOptions; crops: Uint8Array; texts: string[] }
  | { kind: 'run'; batches: number }
  | { kind: 'close' }

interface Recorded {
  tower: Tower
  feeds: Record<string, Feed>
}

const recorded: Recorded[] = []
let isRecording = false
let close: (() => Promise<void>) | undefined

/** The sessions' own runs for one batch, without anything around them: what they read lies there ready. */
export default async function runBare(job: BareJob): Promise<void> {
  if (job.kind === 'open') {
    const encoder = await openEncoder(job.options, openRecorded)
    close = encoder.close
    isRecording = true
    await encoder.embedTexts(job.texts)
    await encoder.embedImages(job.crops, job.texts.length)
    isRecording = false
  } else if (job.kind === 'run') {
    for (let i = 0; i < job.batches; i++) for (const { tower, feeds } of recorded) await tower.run(feeds)
  } else await close?.()
}

async function openRecorded(...parameters: Parameters<typeof openTower>): Promise<Tower> {
  const tower = await openTower(...parameters)
  return {
    ...tower,
    run(feeds) {
      if (isRecording) recorded.push({ tower, feeds: structuredClone(feeds) })
      return tower.run(feeds)
    },
  }
}
