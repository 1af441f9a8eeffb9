import { decodeTable, type Group, type GroupBytes, type Row, type TableFile } from './decode-table.ts'

/** Read a footer, or with `part` the rows of a group. */
export interface TableTask extends TableFile {
  part?: GroupBytes
}

/** @returns null where the columns are not this version's */
export default async function readTable({ part, ...file }: TableTask): Promise<Group[] | Row[] | null> {
  const table = decodeTable(file)
  return part ? table.rows(part) : table.groups()
}
