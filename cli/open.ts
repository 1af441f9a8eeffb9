import { availableParallelism } from 'node:os'
import type { Node, NodeOptions } from '../node/components.ts'
import { chooseLevel, openLog } from '../node/log.ts'
import { findDataDir, logFile } from '../node/paths.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Context } from './declarations.ts'
import { suggest } from './suggest.ts'

/**
 * Opens the node that a command line describes, gives it to `use`, and closes it however that ends.
 *
 * @param settings - what the command decides itself, in place of the command line
 */
export async function withNode<Result>(
  { options }: Context,
  settings: Partial<Pick<NodeOptions, 'dataDir' | 'loopback'>>,
  use: (node: Node, dataDir: string) => Promise<Result>,
): Promise<Result> {
  const dataDir = settings.dataDir ?? findDataDir(options.data)
  const log = openLog(chooseLevel(options.verbose), options.verbose ? 'stderr' : { file: logFile(dataDir) })
  // loaded last: whatever can be refused without a node is refused before
  const { openNode } = await import('../node/node.ts')
  const node = await openNode({
    dataDir,
    model: options.model ?? null,
    threads: options.threads ?? availableParallelism(),
    device: options.device ?? 'auto',
    contact: options.contact ?? null,
    offline: options.offline,
    loopback: settings.loopback ?? null,
    clock: Date.now,
    log,
  }).catch((error: ShoalError) => {
    if (error.code !== 'store_locked') throw error
    throw new ShoalError(
      'store_locked',
      `another Shoal process works in ${dataDir}: end it (${suggest('stop', options.data)} where it is a node), or name another directory with --data`,
      { cause: error },
    )
  })
  try {
    return await use(node, dataDir)
  } finally {
    await node.close()
  }
}
