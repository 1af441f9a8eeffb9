import * as ort from 'onnxruntime-node'
import { ShoalError } from '../../protocol/errors.ts'
import { CPU, type Device, providerOf, unusable } from './device.ts'
import { inTurn, type Turn } from './turn.ts'

/** The only file that knows onnxruntime: a graph, from tensors to tensors. */
export interface Graph {
  /** by name; a dimension is a number where the model fixes it, else a symbol */
  inputs: Map<string, { type: string; shape: readonly (number | string)[] }>
  outputs: readonly string[]
  /** @param outputs - names of those that are wanted. @throws ShoalError `model_layout` for one that is not float32 */
  run(feeds: Record<string, Feed>, outputs: readonly string[]): Promise<Floats[]>
  close(): Promise<void>
}

/** One tower of a dual encoder, from tensors to embeddings. */
export interface Tower extends Pick<Graph, 'inputs' | 'close'> {
  /** @returns `[rows, dimension]` of the embedding output, not normalised */
  run(feeds: Record<string, Feed>): Promise<{ values: Float32Array; dimension: number }>
}

export interface Feed {
  data: Float32Array | BigInt64Array | Int32Array
  dims: number[]
}

export interface Floats {
  data: Float32Array
  dims: readonly number[]
}

/**
 * @param threads - of a CPU's arithmetic
 * @param turn - which all that run on this device share
 * @throws ShoalError `model_broken` where onnxruntime can't load the file, `device_unusable` where it can't on this device
 */
export async function openGraph(
  path: string,
  threads: number,
  device: Device = CPU,
  turn: Turn | null = null,
): Promise<Graph> {
  // the environment's own logger would write to stderr what is thrown as well, and warn of what it does not know
  ort.env.logLevel = 'fatal'
  const settings: ort.InferenceSession.SessionOptions = {
    executionProviders: [providerOf(device)],
    // DirectML does not have it
    enableMemPattern: device.kind !== 'dml',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: {
      session: {
        // idle threads that spin take the cores from parsing and decoding
        intra_op: { allow_spinning: '0' },
        // without it, processors that have no VNNI cut sums of int8 products off: others would find those scores forged
        x64quantprecision: '1',
      },
    },
  }
  const session = await inTurn(turn, () => ort.InferenceSession.create(path, settings)).catch(
    (cause: unknown) => {
      if (device.kind === 'cpu')
        throw new ShoalError('model_broken', `${path}: onnxruntime can't load it: ${messageOf(cause)}`)
      throw unusable(device, `onnxruntime can't open ${path} there: ${messageOf(cause)}`)
    },
  )
  const inputs: Graph['inputs'] = new Map()
  for (const input of session.inputMetadata) {
    inputs.set(
      input.name,
      input.isTensor ? { type: input.type, shape: input.shape } : { type: '', shape: [] },
    )
  }
  return {
    inputs,
    outputs: session.outputNames,
    async run(feeds, outputs) {
      const tensors: Record<string, ort.Tensor> = {}
      for (const [name, { data, dims }] of Object.entries(feeds)) tensors[name] = new ort.Tensor(data, dims)
      const results = await inTurn(turn, () => session.run(tensors, outputs))
      return outputs.map((name) => {
        const { data, dims, type } = results[name] as ort.Tensor
        if (data instanceof Float32Array) return { data, dims }
        throw new ShoalError('model_layout', `${path}: ${name} is ${type} [${dims}]; wanted float32`)
      })
    },
    close: () => inTurn(turn, () => session.release()),
  }
}

/**
 * @param outputs - names of the embedding, the best first
 * @throws ShoalError as `openGraph`; `model_layout` where no output fits
 */
export async function openTower(
  path: string,
  outputs: string[],
  threads: number,
  device: Device = CPU,
  turn: Turn | null = null,
): Promise<Tower> {
  const graph = await openGraph(path, threads, device, turn)
  const output = outputs.find((name) => graph.outputs.includes(name))
  if (output === undefined) {
    const found = graph.outputs.join(', ')
    await graph.close()
    throw new ShoalError('model_layout', `${path}: has no output ${outputs.join(' or ')}; it has ${found}`)
  }
  return {
    inputs: graph.inputs,
    async run(feeds) {
      const [{ data, dims }] = (await graph.run(feeds, [output])) as [Floats]
      const dimension = dims[1]
      if (dims.length !== 2 || dimension === undefined) {
        const got = `float32 [${dims}]`
        throw new ShoalError('model_layout', `${path}: ${output} is ${got}; wanted float32 [rows, dimension]`)
      }
      return { values: data, dimension }
    },
    close: graph.close,
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
