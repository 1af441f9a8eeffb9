import { resolve } from 'node:path'
import type { ImportedCar } from '../../node/manage-cars.ts'
import { manageCars } from '../cars.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatCount, formatThings } from '../numbers.ts'
import { suggest } from '../suggest.ts'

type Kind = ImportedCar['roots'][number]['kind']

const KINDS: Readonly<Record<Kind, string>> = {
  shard: 'a shard; signature, every block and counts hold',
  release: 'a release; whom to trust is asked when it is used',
  attestation: 'the word of a custodian; releases that are made here can demand it',
  dag: 'no shard or release that anybody signed here; every block holds',
}
const NEXT: Readonly<Record<Kind, string | null>> = {
  shard: 'shard show',
  release: 'release show',
  attestation: null,
  dag: 'car export',
}

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const imported = await manageCars(context, 'importCar', resolve(args[0]!))
  output.emit(imported)
  for (const { cid, kind } of imported.roots) {
    output.print(cid)
    output.print(`  ${KINDS[kind]}`)
  }
  const { blocks, bytes, added } = imported
  output.print(`${formatThings(blocks, 'block')}, ${formatBytes(bytes)}; ${formatCount(added)} came anew`)
  for (const { cid, kind } of imported.roots)
    if (NEXT[kind] !== null) output.print(`  ${suggest(`${NEXT[kind]} ${cid}`, options.data)}`)
}
