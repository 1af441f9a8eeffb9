import { decodeTable, type GroupBytes, type TableFile } from '../shard/shard.ts'
import { asRemovable, type Hidden, hiderOf } from './hidden.ts'

/** Whether any row of a row group is hidden. */
export interface LookTask {
  file: TableFile
  part: GroupBytes
  hidden: Hidden
}

export default async function look({ file, part, hidden }: LookTask): Promise<boolean> {
  const rows = await decodeTable(file).rows(part)
  const isHidden = hiderOf(hidden)
  return rows.some((row) => isHidden(asRemovable(row)))
}
