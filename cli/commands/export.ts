import { resolve } from 'node:path'
import type { ExportFilters, ExportFormat, ExportRequest } from '../../node/components.ts'
import type { Context } from '../declarations.ts'
import { exportThere } from '../exports.ts'
import { formatBytes, formatCount, formatThings } from '../numbers.ts'
import type { Options } from '../options.ts'
import { UsageError } from '../parse.ts'

/** What the tools that read it expect a file of this format to be called. */
const ENDINGS: Readonly<Record<ExportFormat, string>> = {
  parquet: '.parquet',
  laion5b: '.parquet',
  datacomp: '.parquet',
  jsonl: '.jsonl',
  img2dataset: '.parquet',
  csv: '.csv',
}

export async function run(context: Context): Promise<void> {
  const { output } = context
  const exported = await exportThere(context, readRequest(context))
  const { rows, of, files, bytes, path, card } = exported
  output.endProgress()
  output.print(
    `${formatCount(rows)} rows${of > rows ? ` of ${formatCount(of)}` : ''} in ${formatThings(files, 'file')}, ${formatBytes(bytes)}`,
  )
  output.print(path)
  output.print(card)
  output.emit(exported)
}

function readRequest({ args, options }: Context): ExportRequest {
  const { format, rows } = options
  if (format === undefined)
    throw new UsageError(`export needs --format, one of ${Object.keys(ENDINGS).join(', ')}`)
  const ending = /\.(?:parquet|jsonl|csv)$/i.exec(options.out ?? '')?.[0].toLowerCase()
  if (ending !== undefined && ending !== ENDINGS[format])
    throw new UsageError(`--out names a ${ending} file, but ${format} is written as ${ENDINGS[format]}`)
  if (ending !== undefined && rows !== undefined)
    throw new UsageError('--rows divides what is written among files: name a directory with --out')
  return {
    ...{ cids: args, format, filters: readFilters(options) },
    out: resolve(options.out ?? nameDirectory(args, format)),
    ...{ isFile: ending !== undefined, rowsPerFile: rows ?? null },
    signers: readList(options.signer) ?? [],
  }
}

function nameDirectory(cids: readonly string[], format: ExportFormat): string {
  return cids.length === 1 ? `${cids[0]!.replace(/[^\w.-]/g, '_')}.${format}` : `export.${format}`
}

function readFilters(options: Options): ExportFilters {
  return {
    minSimilarity: options['min-similarity'],
    maxSimilarity: options['max-similarity'],
    languages: readList(options.language)?.map((code) => code.toLowerCase()),
    minWidth: options['min-width'],
    minHeight: options['min-height'],
    license: options.license,
    domains: readList(options.domain),
    tagged: readList(options.tagged),
    untagged: readList(options.untagged),
    maxNsfw: options['max-nsfw'],
    maxFaces: options['max-faces'],
  }
}

function readList(text: string | undefined): string[] | undefined {
  return text?.split(',').map((word) => word.trim())
}
