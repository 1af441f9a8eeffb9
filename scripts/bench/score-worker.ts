import { join } from 'node:path'
import { workerData } from 'piscina'
import { readJson } from '../../node/score/model-config.ts'
import { type Feed, openTower } from '../../node/score/onnx.ts'
import { openTokenizer } from '../../node/score/tokenize.ts'

/** How many batches to run, from the first on. */
export interface BareBatch {
  batches: number
}

interface BareModel {
  model: string
  threads: number
  batch: number
  width: number
  height: number
  texts: string[]
}

const { model, threads, batch, width, height, texts } = workerData as BareModel
const tokens = openTokenizer(
  await readJson(join(model, 'tokenizer.json')),
  await readJson(join(model, 'tokenizer_config.json'), {}),
  { context: 77, padId: 0 },
)
const vision = await openTower(
  join(model, 'onnx/vision_model.onnx'),
  ['image_embeds', 'pooler_output'],
  threads,
)
const text = await openTower(join(model, 'onnx/text_model.onnx'), ['text_embeds', 'pooler_output'], threads)

const pixels: Feed = {
  data: Float32Array.from({ length: batch * 3 * width * height }, (_, i) => ((i * 7919) % 251) / 125 - 1),
  dims: [batch, 3, height, width],
}
const ready: Record<string, Feed>[] = []
for (let at = 0; at < texts.length; at += batch) ready.push(makeFeeds(texts.slice(at, at + batch)))

/** Nothing but the model's own work: everything it reads is there already. */
export default async function runBare(job: BareBatch): Promise<void> {
  for (let i = 0; i < job.batches; i++) {
    await text.run(ready[i % ready.length] as Record<string, Feed>)
    await vision.run({ pixel_values: pixels })
  }
}

/** The texts of a batch in one run, padded to the longest of them. */
function makeFeeds(part: string[]): Record<string, Feed> {
  const ids = part.map((one) => tokens.encode(one))
  const length = Math.max(...ids.map((one) => one.length))
  const dims = [part.length, length]
  const data = new BigInt64Array(part.length * length).fill(BigInt(tokens.padId))
  const mask = new BigInt64Array(data.length)
  for (const [row, one] of ids.entries()) {
    for (const [i, id] of one.entries()) data[row * length + i] = BigInt(id)
    mask.fill(1n, row * length, row * length + one.length)
  }
  const feeds: Record<string, Feed> = { input_ids: { data, dims } }
  if (text.inputs.has('attention_mask')) feeds.attention_mask = { data: mask, dims }
  return feeds
}
