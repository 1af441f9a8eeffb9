import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Make the int8 files of shoal-mini, `onnx/*_model_quantized.onnx`, from its plain ones. Those hold their weights as
 * int8 with a scale for each channel and multiply in fp32. Here every multiplication by such weights is done in int8:
 * what goes in is quantised by the range of its numbers, as ONNX Runtime's dynamic quantisation does it.
 *
 * A model whose weights are floats is written as it is; ONNX Runtime's own tools quantise those.
 *
 *     node scripts/quantise-model.ts node/score/shoal-mini OUT
 *
 * Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 *
 * @returns how many multiplications of either tower are done in int8
 */
export async function quantiseModel(
  directory: string,
  out: string,
): Promise<Record<'text' | 'vision', number>> {
  await mkdir(join(out, 'onnx'), { recursive: true })
  for (const file of FILES) await copyFile(join(directory, file), join(out, file))
  const counts = { text: 0, vision: 0 }
  for (const tower of ['text', 'vision'] as const) {
    const plain = await readFile(join(directory, `onnx/${tower}_model.onnx`))
    const { bytes, count } = quantiseGraph(plain)
    await writeFile(join(out, `onnx/${tower}_model_quantized.onnx`), bytes)
    counts[tower] = count
  }
  return counts
}

const FILES = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'shoal.json',
]
const MODEL = { graph: 7 }
const GRAPH = { node: 1, initializer: 5 }
const NODE = { input: 1, output: 2, name: 3, type: 4, attribute: 5 }
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 }
const FLOAT = 1
const INT8 = 3

/** A field of a message: a varint, or the bytes of anything else. */
interface Field {
  number: number
  wire: number
  value: number | Buffer
}

interface Node {
  type: string
  inputs: string[]
  outputs: string[]
}

/** Weights that stand in the graph as int8 times a scale, or as int8 alone. */
interface Weights {
  quantised: string
  scale: Tensor | null
}

interface Tensor {
  type: number
  dims: number[]
  raw: Buffer
}

function quantiseGraph(model: Buffer): { bytes: Buffer; count: number } {
  const fields = readFields(model)
  const graph = readFields(messageOf(fields, MODEL.graph))
  const tensors = new Map(
    graph
      .filter(({ number }) => number === GRAPH.initializer)
      .map(({ value }) => readTensor(value as Buffer)),
  )
  const nodes = graph
    .filter(({ number }) => number === GRAPH.node)
    .map(({ value }) => readNode(value as Buffer))
  const maker = new Map(nodes.map((node) => [node.outputs[0]!, node]))
  const added: Field[] = []
  let count = 0

  function weightsOf(name: string | undefined): Weights | null {
    const node = maker.get(name ?? '')
    if (node?.type === 'Cast' && tensors.get(node.inputs[0]!)?.type === INT8)
      return { quantised: node.inputs[0]!, scale: null }
    if (node?.type !== 'Mul') return null
    const inner = weightsOf(node.inputs[0])
    const scale = tensors.get(node.inputs[1]!)
    return inner?.scale === null && scale?.type === FLOAT ? { ...inner, scale } : null
  }

  function addTensor(name: string, tensor: Tensor): string {
    added.push({ number: GRAPH.initializer, wire: 2, value: writeTensor(name, tensor) })
    return name
  }

  const quantised = graph.flatMap((field): Field[] => {
    if (field.number !== GRAPH.node) return [field]
    const bytes = field.value as Buffer
    const { type, inputs, outputs } = readNode(bytes)
    const weights = type === 'MatMul' || type === 'Conv' ? weightsOf(inputs[1]) : null
    if (weights === null) return [field]
    count++
    const [x, , bias] = inputs as [string, string, string?]
    const [y] = outputs as [string]
    const dims = type === 'Conv' ? [1, -1, 1, 1] : [-1]
    const asChannels = (tensor: Tensor) => {
      const length = tensor.raw.length / 4
      return { ...tensor, dims: dims.map((side) => (side === -1 ? length : side)) }
    }
    const attributes = readFields(bytes).filter(({ number }) => number === NODE.attribute)
    const name = (part: string) => `${y}/int8/${part}`
    const made = [
      writeNode('DynamicQuantizeLinear', [x], [name('x'), name('scale'), name('zero')]),
      writeNode(`${type}Integer`, [name('x'), weights.quantised, name('zero')], [name('sum')], attributes),
      writeNode('Cast', [name('sum')], [name('float')], [toFloat()]),
    ]
    let last = name('float')
    const apply = (operation: string, input: string, output: string) => {
      made.push(writeNode(operation, [last, input], [output]))
      last = output
    }
    const rest = [
      ...(weights.scale ? [['Mul', addTensor(name('weights'), asChannels(weights.scale))]] : []),
      ...(bias ? [['Add', addTensor(name('bias'), asChannels(tensors.get(bias)!))]] : []),
    ] as [string, string][]
    apply('Mul', name('scale'), rest.length > 0 ? name('scaled') : y)
    for (const [i, [operation, input]] of rest.entries())
      apply(operation, input, i === rest.length - 1 ? y : name(operation))
    return made.map((value) => ({ number: GRAPH.node, wire: 2, value }))
  })
  const whole = fields.map((field) =>
    field.number === MODEL.graph ? { ...field, value: writeFields([...quantised, ...added]) } : field,
  )
  return { bytes: writeFields(whole), count }
}

function readNode(bytes: Buffer): Node {
  const fields = readFields(bytes)
  const texts = (wanted: number) =>
    fields.filter(({ number }) => number === wanted).map(({ value }) => String(value))
  return { type: texts(NODE.type)[0]!, inputs: texts(NODE.input), outputs: texts(NODE.output) }
}

function writeNode(type: string, inputs: string[], outputs: string[], attributes: Field[] = []): Buffer {
  return writeFields([
    ...inputs.map((name) => text(NODE.input, name)),
    ...outputs.map((name) => text(NODE.output, name)),
    text(NODE.name, `${outputs[0]}/${type}`),
    text(NODE.type, type),
    ...attributes,
  ])
}

/** The attribute `to` of a Cast: its name, its kind (2: an integer) and its value. */
function toFloat(): Field {
  const value = writeFields([
    text(1, 'to'),
    { number: 3, wire: 0, value: FLOAT },
    { number: 20, wire: 0, value: 2 },
  ])
  return { number: NODE.attribute, wire: 2, value }
}

function readTensor(bytes: Buffer): [string, Tensor] {
  const fields = readFields(bytes)
  const find = (wanted: number) => fields.find(({ number }) => number === wanted)?.value
  const dims = fields.filter(({ number }) => number === TENSOR.dims).map(({ value }) => Number(value))
  const raw = (find(TENSOR.raw) ?? Buffer.alloc(0)) as Buffer
  return [String(find(TENSOR.name)), { type: Number(find(TENSOR.type)), dims, raw }]
}

function writeTensor(name: string, { type, dims, raw }: Tensor): Buffer {
  return writeFields([
    ...dims.map((value) => ({ number: TENSOR.dims, wire: 0, value })),
    { number: TENSOR.type, wire: 0, value: type },
    text(TENSOR.name, name),
    { number: TENSOR.raw, wire: 2, value: raw },
  ])
}

function text(number: number, value: string): Field {
  return { number, wire: 2, value: Buffer.from(value) }
}

function messageOf(fields: Field[], wanted: number): Buffer {
  return fields.find(({ number }) => number === wanted)!.value as Buffer
}

function readFields(bytes: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const readVarint = () => {
    let [value, scale] = [0, 1]
    for (; bytes[at]! > 127; scale *= 128) value += (bytes[at++]! & 127) * scale
    return value + bytes[at++]! * scale
  }
  while (at < bytes.length) {
    const tag = readVarint()
    const wire = tag & 7
    if (wire === 0) {
      const from = at
      const value = readVarint()
      // minus one and the like have no exact number: they stay the bytes they are
      fields.push({
        number: tag >> 3,
        wire,
        value: Number.isSafeInteger(value) ? value : bytes.subarray(from, at),
      })
      continue
    }
    const length = wire === 2 ? readVarint() : wire === 5 ? 4 : 8
    fields.push({ number: tag >> 3, wire, value: bytes.subarray(at, at + length) })
    at += length
  }
  return fields
}

function writeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ number, wire, value }) => {
      const tag = varint(number * 8 + wire)
      if (typeof value === 'number') return [tag, varint(value)]
      return wire === 2 ? [tag, varint(value.length), value] : [tag, value]
    }),
  )
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Buffer.from([...bytes, value])
}

if (import.meta.main) {
  const [directory, out] = process.argv.slice(2)
  if (!directory || !out) throw new Error('usage: node scripts/quantise-model.ts DIR OUT')
  console.log(await quantiseModel(directory, out))
}
