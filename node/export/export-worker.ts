import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { workerData } from 'piscina'
import type { ExportFilters, ExportFormat } from '../components.ts'
import { asHideable, type Hidden, hiderOf } from '../denied/denied.ts'
import { decodeTable, type GroupBytes, type Row, type TableFile, writeTable } from '../shard/shard.ts'
import { makeFilter } from './filter.ts'
import { EXPORT_FORMATS, isTable, TABLES } from './formats.ts'
import { CSV_HEAD, toCsv, toJsonLine } from './lines.ts'

/** What the thread is told when it starts. */
export interface ExportPlan {
  format: ExportFormat
  /** as `checkFilters` gives them */
  filters: ExportFilters
  /** the directory, and the one file in it, or null for files with numbers */
  dir: string
  name: string | null
  /** most rows of a file with a number */
  rowsPerFile: number | null
  /** whether each shard begins a file, where files have numbers */
  filePerShard: boolean
}

/** In turn: a table; its groups; another table; and so on; nothing more. */
export type ExportTask =
  | { table: TableFile; model: string | null; hidden: Hidden }
  | { part: GroupBytes }
  | { end: true }

/** A file that is complete. */
export interface ExportedFile {
  name: string
  rows: number
  bytes: number
}

export type ExportAnswer =
  /** of a group: rows that are hidden, others that passed, the files they went to, and how many of each language */
  | { hidden: number; passed: number; names: string[]; languages: Record<string, number> }
  /** all files in the end, those of a shard after the next one began */
  | { files: ExportedFile[] }
  /** the table can't be read */
  | { broken: string }
  /** the file can't be written: what is thrown would come without the system's code */
  | { unwritable: string }

interface OpenFile {
  name: string
  rows: number
  add(rows: readonly Row[]): void
  close(): void
}

/** Rows of a row group in an exported file: few enough for memory. */
const ROW_GROUP = 8_192
/** Rows that become one string at once: with embeddings, some megabytes. */
const ROWS_AT_ONCE = 512

const plan = workerData as ExportPlan
const filter = makeFilter(plan.filters)
let table: ReturnType<typeof decodeTable> | null = null
let model: string | null = null
let isHidden: ReturnType<typeof hiderOf> = () => false
let current: OpenFile | null = null
const files: ExportedFile[] = []

export default async function write(task: ExportTask): Promise<ExportAnswer> {
  try {
    return await perform(task)
  } catch (error) {
    // zlib's errors have a code as well, but only the system's name a call
    const { syscall, message } = error as NodeJS.ErrnoException
    return syscall === undefined ? { broken: message } : { unwritable: message }
  }
}

async function perform(task: ExportTask): Promise<ExportAnswer> {
  if ('end' in task) {
    // without rows there is a file all the same: its columns can be read
    if (files.length === 0) current ??= openFile()
    finishFile()
    return { files }
  }
  if ('table' in task) {
    table = decodeTable(task.table)
    model = task.model
    isHidden = hiderOf(task.hidden)
    if (plan.filePerShard) finishFile()
    return { files }
  }
  const all = await table!.rows(task.part)
  const shown = all.filter((row) => !isHidden(asHideable(row)))
  const rows = shown.filter(filter.passes)
  const [hidden, passed] = [all.length - shown.length, rows.length]
  return { hidden, passed, names: addRows(rows), languages: countLanguages(rows) }
}

function addRows(rows: readonly Row[]): string[] {
  const names: string[] = []
  const most = plan.name === null && plan.rowsPerFile !== null ? plan.rowsPerFile : Number.POSITIVE_INFINITY
  for (let from = 0; from < rows.length; ) {
    current ??= openFile()
    const some = rows.slice(from, from + Math.min(rows.length, most - current.rows))
    current.add(some)
    current.rows += some.length
    from += some.length
    names.push(current.name)
    if (current.rows >= most) finishFile()
  }
  return names
}

function openFile(): OpenFile {
  const number = String(files.length).padStart(5, '0')
  const name = plan.name ?? `pairs-${number}${EXPORT_FORMATS[plan.format]}`
  const path = join(plan.dir, name)
  return { name, rows: 0, ...(isTable(plan.format) ? openColumns(path, plan.format) : openLines(path)) }
}

function openColumns(path: string, format: keyof typeof TABLES): Pick<OpenFile, 'add' | 'close'> {
  const writer = writeTable(path, TABLES[format].columns(model), ROW_GROUP)
  return {
    add(rows) {
      const columns = TABLES[format].columns(model)
      writer.append(columns.map((column) => rows.map((row) => column.cell(row))))
    },
    close: () => void writer.finish(),
  }
}

function openLines(path: string): Pick<OpenFile, 'add' | 'close'> {
  const isCsv = plan.format === 'csv'
  const toLine = isCsv ? toCsv : toJsonLine
  const file = openSync(path, 'wx')
  const writeText = (text: string) => {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  }
  if (isCsv) writeText(CSV_HEAD)
  return {
    add(rows) {
      for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
        writeText(
          rows
            .slice(from, from + ROWS_AT_ONCE)
            .map(toLine)
            .join(''),
        )
    },
    close: () => closeSync(file),
  }
}

function finishFile(): void {
  if (current === null) return
  const { name, rows, close } = current
  close()
  files.push({ name, rows, bytes: statSync(join(plan.dir, name)).size })
  current = null
}

function countLanguages(rows: readonly Row[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { language } of rows)
    if (typeof language === 'string' && /^[a-z]{2,3}$/.test(language))
      counts.set(language, (counts.get(language) ?? 0) + 1)
  return Object.fromEntries(counts)
}
