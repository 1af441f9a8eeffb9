import * as ort from 'onnxruntime-node'
import { ShoalError } from '../../protocol/errors.ts'

/** The only file that knows onnxruntime: one tower of a dual encoder, from tensors to embeddings. */
export interface Tower {
  /** by name; a dimension is a number where the model fixes it, else a symbol */
  inputs: Map<string, { type: string; shape: readonly (number | string)[] }>
  /** @returns `[rows, dimension]` of the embedding output, not normalised */
  run(feeds: Record<string, Feed>): Promise<{ values: Float32Array; dimension: number }>
  close(): Promise<void>
}

export interface Feed {
  data: Float32Array | BigInt64Array
  dims: number[]
}

/**
 * @param outputs - names of the embedding, the best first
 * @throws ShoalError `model_broken` where onnxruntime can't load the file, `model_layout` where no output fits
 */
export async function openTower(path: string, outputs: string[], threads: number): Promise<Tower> {
  // the environment's own logger would warn about devices and processors it does not know
  ort.env.logLevel = 'error'
  const session = await ort.InferenceSession.create(path, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: {
      session: {
        // idle threads that spin take the cores from parsing and decoding
        intra_op: { allow_spinning: '0' },
        // without it, processors that have no VNNI cut sums of int8 products off: others would find those scores forged
        x64quantprecision: '1',
      },
    },
  }).catch((cause: unknown) => {
    throw new ShoalError('model_broken', `${path}: onnxruntime can't load it: ${messageOf(cause)}`)
  })
  const output = outputs.find((name) => session.outputNames.includes(name))
  if (output === undefined) {
    const found = session.outputNames.join(', ')
    await session.release()
    throw new ShoalError('model_layout', `${path}: has no output ${outputs.join(' or ')}; it has ${found}`)
  }
  const inputs: Tower['inputs'] = new Map()
  for (const input of session.inputMetadata) {
    inputs.set(
      input.name,
      input.isTensor ? { type: input.type, shape: input.shape } : { type: '', shape: [] },
    )
  }
  return {
    inputs,
    async run(feeds) {
      const tensors: Record<string, ort.Tensor> = {}
      for (const [name, { data, dims }] of Object.entries(feeds)) tensors[name] = new ort.Tensor(data, dims)
      const tensor = (await session.run(tensors, [output]))[output] as ort.Tensor
      const dimension = tensor.dims[1]
      if (!(tensor.data instanceof Float32Array) || tensor.dims.length !== 2 || dimension === undefined) {
        const got = `${tensor.type} [${tensor.dims}]`
        throw new ShoalError('model_layout', `${path}: ${output} is ${got}; wanted float32 [rows, dimension]`)
      }
      return { values: tensor.data, dimension }
    },
    close: () => session.release(),
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
