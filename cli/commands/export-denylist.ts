import { resolve } from 'node:path'
import type { Denylists } from '../../node/manage-denylist.ts'
import { findDataDir } from '../../node/paths.ts'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const written = await exportThere(context, resolve(args[0]!))
  const { path, blocks, added, takenBack } = written
  output.emit(written)
  output.print(`${path} denies ${formatThings(blocks, 'block')}: ${added} are new, ${takenBack} taken back`)
  output.print('IPFS gateways read it as a file that ends in .deny')
}

async function exportThere(
  context: Context,
  path: string,
): Promise<Awaited<ReturnType<Denylists['exportDenylist']>>> {
  const answer = await tryControl(context, 'exportDenylist', path)
  if (answer !== undefined) return answer
  // loaded last: whatever can be refused without a node is refused before
  const { withDenylists } = await import('../../node/manage-denylist.ts')
  return await withDenylists(findDataDir(context.options.data), (lists) => lists.exportDenylist(path))
}
