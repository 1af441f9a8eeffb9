import {
  decodeTable,
  type GroupBytes,
  PAIR_COLUMNS,
  type TableFile,
  type TableWriter,
  writeTable,
} from '../shard/shard.ts'
import { asHideable, type Hidden, hiderOf, secretOf } from './hidden.ts'

/** A row group, and what is hidden. */
export interface GroupTask {
  file: TableFile
  part: GroupBytes
  hidden: Hidden
}

export type Task =
  /** what of it is hidden */
  | ({ do: 'look' } & GroupTask)
  /** write the rows that are not to a table that is begun with the first of them; how many */
  | ({ do: 'write'; path: string } & GroupTask)
  /** how many rows the table has */
  | { do: 'finish'; path: string }

/** `openly`: some rows, and of all of them people may be told; `secretly`: of some they may not */
export type Found = 'nothing' | 'openly' | 'secretly'

/** Rows of a row group that is written, as shards have. */
const ROW_GROUP = 4_096

const tables = new Map<string, TableWriter>()

export default async function work(task: Task): Promise<unknown> {
  switch (task.do) {
    case 'look':
      return look(task)
    case 'write':
      return write(task)
    case 'finish': {
      const rows = tableAt(task.path).finish()
      tables.delete(task.path)
      return rows
    }
  }
}

async function look({ file, part, hidden }: GroupTask): Promise<Found> {
  const rows = (await decodeTable(file).rows(part)).map(asHideable).filter(hiderOf(hidden))
  return rows.length === 0 ? 'nothing' : rows.some(secretOf(hidden)) ? 'secretly' : 'openly'
}

async function write({ path, file, part, hidden }: GroupTask & { path: string }): Promise<number> {
  const isHidden = hiderOf(hidden)
  const rows = (await decodeTable(file).rows(part)).filter((row) => !isHidden(asHideable(row)))
  tableAt(path).append(
    PAIR_COLUMNS.map(({ name }) =>
      rows.map((row) => {
        const cell = row[name]!
        return cell instanceof Date ? cell.getTime() : cell
      }),
    ),
  )
  return rows.length
}

function tableAt(path: string): TableWriter {
  const table = tables.get(path) ?? writeTable(path, PAIR_COLUMNS, ROW_GROUP)
  tables.set(path, table)
  return table
}
