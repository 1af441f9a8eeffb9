import type { PulledModel } from '../../node/manage-models.ts'
import { findDataDir } from '../../node/paths.ts'
import type { Context } from '../declarations.ts'
import { formatBytes } from '../numbers.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const pulled = await pullFromHub(context, args[0]!)
  output.endProgress()
  output.print(`${pulled.name} is here in ${pulled.precision}: ${formatBytes(pulled.bytes)}`)
  output.print(`Try it out: ${suggest(`model check ${pulled.name}`, options.data)}`)
  output.emit(pulled)
}

async function pullFromHub({ options, output, signal }: Context, model: string): Promise<PulledModel> {
  const { manageModels } = await import('../../node/manage-models.ts')
  return manageModels(findDataDir(options.data)).pull(model, {
    ...{ precision: options.precision, signal },
    onProgress: ({ file, bytes: done, total }) =>
      output.progress({
        ...{ file, segment: 0, segments: 1 },
        stages: [{ stage: 'model', done, total, unit: 'bytes' }],
      }),
  })
}
