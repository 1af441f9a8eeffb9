import { resolve } from 'node:path'
import { manageModels } from '../../node/manage-models.ts'
import { findDataDir } from '../../node/paths.ts'
import type { Context } from '../declarations.ts'
import { formatBytes } from '../numbers.ts'
import { suggest } from '../suggest.ts'

export async function run({ args, options, output, signal }: Context): Promise<void> {
  const from = resolve(args[0]!)
  const imported = await manageModels(findDataDir(options.data)).import(from, {
    ...{ name: options.name, signal },
    onProgress: ({ done, total }) =>
      output.progress({
        ...{ file: from, segment: 0, segments: 1 },
        stages: [{ stage: 'model', done, total, unit: 'bytes' }],
      }),
  })
  output.endProgress()
  const { name, precisions, bytes } = imported
  output.print(`${name} is here: ${formatBytes(bytes)}, in ${precisions.join(', ')}`)
  output.print(`Try it out: ${suggest(`model check ${name}`, options.data)}`)
  output.emit(imported)
}
