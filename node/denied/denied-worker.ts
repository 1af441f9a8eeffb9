import { decodeTable, type GroupBytes, type TableFile } from '../shard/shard.ts'
import { asHideable, type Hidden, hiderOf, secretOf } from './hidden.ts'

/** What of a row group is hidden. */
export interface LookTask {
  file: TableFile
  part: GroupBytes
  hidden: Hidden
}

/** `openly`: some rows, and of all of them people may be told; `secretly`: of some they may not */
export type Found = 'nothing' | 'openly' | 'secretly'

export default async function look({ file, part, hidden }: LookTask): Promise<Found> {
  const rows = (await decodeTable(file).rows(part)).map(asHideable).filter(hiderOf(hidden))
  return rows.length === 0 ? 'nothing' : rows.some(secretOf(hidden)) ? 'secretly' : 'openly'
}
