import { manageModels } from '../../node/manage-models.ts'
import { findDataDir } from '../../node/paths.ts'
import type { Context } from '../declarations.ts'
import { formatBytes } from '../numbers.ts'

export async function run({ args, options, output }: Context): Promise<void> {
  const { name, bytes, directory } = await manageModels(findDataDir(options.data)).remove(args[0]!)
  output.print(`Removed ${name}: ${formatBytes(bytes)} are free again`)
  output.emit({ removed: name, directory, bytes })
}
