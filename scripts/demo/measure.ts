import { readFileSync } from 'node:fs'
import { Tokenizer } from '@huggingface/tokenizers'
import sharp from 'sharp'

// before the library loads: it reports its use to its makers otherwise
process.env.ORT_DISABLE_TELEMETRY = '1'
const ort = await import('onnxruntime-node')

const SIDE = 224
/** CLIP's mean and deviation of the three channels, as the model's `preprocessor_config.json` has them. */
const MEAN = [0.48145466, 0.4578275, 0.40821073] as const
const DEVIATION = [0.26862954, 0.26130258, 0.27577711] as const

/**
 * How similar the demo's own model finds pictures and captions. Straight from the libraries rather than through
 * `node/score`, so that the demo's expectations do not come from the code that they test.
 *
 * @param directory - the model's, with `onnx/` and `tokenizer.json`
 */
export async function openJudge(directory: string) {
  const read = (name: string) => JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as object
  const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'))
  const vision = await ort.InferenceSession.create(`${directory}/onnx/vision_model.onnx`)
  const text = await ort.InferenceSession.create(`${directory}/onnx/text_model.onnx`)

  async function embedPicture(bytes: Uint8Array): Promise<Float32Array> {
    const pixels = await sharp(bytes)
      .autoOrient()
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .resize(SIDE, SIDE, { fit: 'cover', kernel: 'cubic' })
      .removeAlpha()
      .raw()
      .toBuffer()
    const input = new Float32Array(3 * SIDE * SIDE)
    for (let channel = 0; channel < 3; channel++) {
      for (let i = 0; i < SIDE * SIDE; i++) {
        const value = (pixels[3 * i + channel] as number) / 255
        input[channel * SIDE * SIDE + i] = (value - MEAN[channel]!) / DEVIATION[channel]!
      }
    }
    const answer = await vision.run({ pixel_values: new ort.Tensor('float32', input, [1, 3, SIDE, SIDE]) })
    return answer.image_embeds!.data as Float32Array
  }

  async function embedText(caption: string): Promise<Float32Array> {
    const all = tokenizer.encode(caption).ids.map(Number)
    const ids = all.length > 77 ? [...all.slice(0, 76), all.at(-1) as number] : all
    const shape = [1, ids.length]
    const answer = await text.run({
      input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
      attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
    })
    return answer.text_embeds!.data as Float32Array
  }

  return async (bytes: Uint8Array, caption: string): Promise<number> => {
    const [image, words] = [await embedPicture(bytes), await embedText(caption)]
    return image.reduce((sum, value, i) => sum + value * (words[i] as number), 0)
  }
}
