import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Writes dual encoders of a few numbers in the Hugging Face layout, to try what no small published model has: the ONNX
 * protobuf by hand, after https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
export interface TinyModel {
  /** pixels of the crop's side */
  side?: number
  /** `mean` counts the padding as SigLIP does, `max` ignores it as CLIP does */
  text?: 'mean' | 'max'
  /** every picture's numbers depend on its whole batch */
  isCoupled?: boolean
  /** numbers of an image's embedding; a text's has three */
  imageDimension?: number
  imageOutput?: string
  textOutput?: string
  /** declared first dimension of the pictures; a symbol where it is left out */
  rows?: number
  /** weights of the image tower; the default is a matrix without zeros */
  weights?: number[]
  preprocessor?: object
  suffix?: string
  /** laid out and named as open_clip's exports are, with int32 tokens */
  isOpenClip?: boolean
}

const TINY_WORDS = ['[PAD]', '[BOS]', '[EOS]', '[UNK]', 'red', 'green', 'blue', 'a', 'the', 'of', 'flag']
const CONTEXT = 20

export async function writeTinyModel(directory: string, options: TinyModel = {}): Promise<void> {
  if (options.isOpenClip) return writeOpenClip(directory, options)
  const { side = 4, suffix = '', preprocessor } = options
  await mkdir(join(directory, 'onnx'), { recursive: true })
  const json = (path: string, value: object) => writeFile(join(directory, path), JSON.stringify(value))
  await json('config.json', { text_config: { max_position_embeddings: CONTEXT, pad_token_id: 0 } })
  await json('tokenizer_config.json', { pad_token: { content: '[PAD]' }, model_max_length: 1e30 })
  await json('tokenizer.json', tokenizer())
  await json(
    'preprocessor_config.json',
    preprocessor ?? {
      image_processor_type: 'SiglipImageProcessor',
      size: { height: side, width: side },
      resample: 2,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
    },
  )
  await writeFile(join(directory, `onnx/vision_model${suffix}.onnx`), visionModel({ ...options, side }))
  await writeFile(join(directory, `onnx/text_model${suffix}.onnx`), textModel(options))
}

async function writeOpenClip(directory: string, options: TinyModel): Promise<void> {
  const { side = 4 } = options
  for (const folder of ['visual', 'textual']) await mkdir(join(directory, folder), { recursive: true })
  const json = (path: string, value: object) => writeFile(join(directory, path), JSON.stringify(value))
  await json('config.json', { embed_dim: 3, text_cfg: { context_length: CONTEXT } })
  await json('textual/tokenizer_config.json', { pad_token: '[PAD]' })
  await json('textual/tokenizer.json', tokenizer())
  const levels = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
  const how = { mode: 'RGB', interpolation: 'bilinear', resize_mode: 'squash', fill_color: 0 }
  await json('visual/preprocess_cfg.json', { size: [side, side], ...levels, ...how })
  const names = { imageOutput: 'embedding', textOutput: 'embedding' }
  await writeFile(join(directory, 'visual/model.onnx'), visionModel({ ...names, ...options, side }))
  await writeFile(join(directory, 'textual/model.onnx'), textModel({ ...names, ...options }))
}

/** A head on embeddings: its output is the embedding times a matrix, a row for each of the embedding's numbers. */
export async function writeTinyHead(path: string, matrix: number[][]): Promise<void> {
  const classes = matrix[0]!.length
  const graph = model(
    [node('MatMul', ['embedding', 'weights'], 'logits')],
    [floats('weights', [matrix.length, classes], matrix.flat())],
    [value('embedding', FLOAT, ['n', matrix.length])],
    [value('logits', FLOAT, ['n', classes])],
  )
  await writeFile(path, graph)
}

function tokenizer(): object {
  const special = (content: string) => ({ id: TINY_WORDS.indexOf(content), content, special: true })
  const mark = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
  return {
    version: '1.0',
    added_tokens: TINY_WORDS.slice(0, 4).map(special),
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [mark('[BOS]'), { Sequence: { id: 'A', type_id: 0 } }, mark('[EOS]')],
      pair: [],
      special_tokens: Object.fromEntries(
        ['[BOS]', '[EOS]'].map((id) => [id, { id, ids: [TINY_WORDS.indexOf(id)], tokens: [id] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(TINY_WORDS.map((word, id) => [word, id])),
    },
  }
}

function visionModel({
  side = 4,
  isCoupled,
  imageDimension = 3,
  imageOutput,
  rows,
  weights,
  isOpenClip,
}: TinyModel): Buffer {
  const input = isOpenClip ? 'image' : 'pixel_values'
  const output = imageOutput ?? 'image_embeds'
  const matrix = weights ?? Array.from({ length: 3 * imageDimension }, (_, i) => ((i * 5) % 7) - 2.5)
  const nodes = [node('ReduceMean', [input], 'mean', { axes: [2, 3], keepdims: 0 })]
  if (isCoupled) {
    nodes.push(node('ReduceMax', ['mean'], 'most', { axes: [0], keepdims: 1 }))
    nodes.push(node('Sub', ['mean', 'most'], 'shifted'), node('Add', ['shifted', 'mean'], 'features'))
  } else nodes.push(node('Identity', ['mean'], 'features'))
  nodes.push(node('MatMul', ['features', 'weights'], output))
  return model(
    nodes,
    [floats('weights', [3, imageDimension], matrix)],
    [value(input, FLOAT, [rows ?? 'n', 3, side, side])],
    [value(output, FLOAT, [rows ?? 'n', imageDimension])],
  )
}

function textModel({ text = 'max', textOutput = 'text_embeds', isOpenClip }: TinyModel): Buffer {
  const input = isOpenClip ? 'text' : 'input_ids'
  const table = TINY_WORDS.flatMap((_, id) =>
    id === 0 ? [-9, -9, -9] : [1, 3, 5].map((k) => ((id * k) % 11) - 4),
  )
  return model(
    [
      node('Gather', ['table', input], 'words', { axis: 0 }),
      node(text === 'mean' ? 'ReduceMean' : 'ReduceMax', ['words'], textOutput, { axes: [1], keepdims: 0 }),
    ],
    [floats('table', [TINY_WORDS.length, 3], table)],
    [value(input, isOpenClip ? INT32 : INT64, ['n', isOpenClip ? CONTEXT : 'length'])],
    [value(textOutput, FLOAT, ['n', 3])],
  )
}

const FLOAT = 1
const INT32 = 6
const INT64 = 7

function model(nodes: Buffer[], initializers: Buffer[], inputs: Buffer[], outputs: Buffer[]): Buffer {
  const graph = Buffer.concat([
    ...nodes.map((n) => bytes(1, n)),
    bytes(2, 'graph'),
    ...initializers.map((t) => bytes(5, t)),
    ...inputs.map((v) => bytes(11, v)),
    ...outputs.map((v) => bytes(12, v)),
  ])
  return Buffer.concat([integer(1, 8), bytes(7, graph), bytes(8, integer(2, 13))])
}

function node(
  type: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number | number[]> = {},
) {
  const list = Object.entries(attributes).map(([name, v]) =>
    Buffer.concat([
      bytes(1, name),
      ...(Array.isArray(v) ? v.map((i) => integer(8, i)) : [integer(3, v)]),
      integer(20, Array.isArray(v) ? 7 : 2),
    ]),
  )
  const names = inputs.map((name) => bytes(1, name))
  return Buffer.concat([...names, bytes(2, output), bytes(4, type), ...list.map((a) => bytes(5, a))])
}

function floats(name: string, dims: number[], values: number[]): Buffer {
  const raw = Buffer.from(new Float32Array(values).buffer)
  return Buffer.concat([...dims.map((d) => integer(1, d)), integer(2, FLOAT), bytes(8, name), bytes(9, raw)])
}

function value(name: string, type: number, dims: (number | string)[]): Buffer {
  const shape = dims.map((d) => bytes(1, typeof d === 'number' ? integer(1, d) : bytes(2, d)))
  const tensor = Buffer.concat([integer(1, type), bytes(2, Buffer.concat(shape))])
  return Buffer.concat([bytes(1, name), bytes(2, bytes(1, tensor))])
}

function integer(field: number, number: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(number)])
}

function bytes(field: number, content: Buffer | string): Buffer {
  const body = Buffer.from(content as Buffer)
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body])
}

function varint(number: number): Buffer {
  const out: number[] = []
  let rest = number
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128)
  return Buffer.from([...out, rest])
}
