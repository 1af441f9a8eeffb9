import { findDataDir } from '../../node/paths.ts'
import type { Context } from '../declarations.ts'
import { formatBytes } from '../numbers.ts'
import { UsageError } from '../parse.ts'
import { suggest } from '../suggest.ts'

export async function run({ args, options, output, signal }: Context): Promise<void> {
  if (args[0] !== 'cuda')
    throw new UsageError(
      `gpu install knows cuda alone, not ${JSON.stringify(args[0])}: DirectML, CoreML and WebGPU come with the package`,
    )
  const { installCuda } = await import('../../node/score/score.ts')
  const installed = await installCuda(findDataDir(options.data), {
    signal,
    onProgress: ({ file, bytes: done, total }) =>
      output.progress({
        ...{ file, segment: 0, segments: 1 },
        stages: [{ stage: 'model', done, total, unit: 'bytes' }],
      }),
  })
  output.endProgress()
  const { version, bytes, directory, wasThere, commands, missing } = installed
  output.print(
    `CUDA's parts of onnxruntime ${version} are ${wasThere ? 'here already' : 'here'}: ${formatBytes(bytes)}`,
  )
  output.print(`  ${directory}`)
  if (commands.length > 0) {
    output.print('The runtime lies where this user may not write. Somebody who may has to run')
    for (const command of commands) output.print(`  ${command}`)
  }
  if (missing.length > 0) {
    output.print('Still missing:')
    for (const one of missing) output.print(`  ${one}`)
  }
  output.print(`Then see how fast it is: ${suggest('bench score', options.data)}`)
  output.emit(installed)
}
