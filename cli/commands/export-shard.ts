import { resolve } from 'node:path'
import type { ExportFormat } from '../../node/components.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatCount } from '../numbers.ts'
import { UsageError } from '../parse.ts'
import { manageShards } from '../shards.ts'

/** What the tools that read it expect a file of this layout to be called. */
const ENDINGS: Readonly<Record<ExportFormat, string>> = {
  parquet: '.parquet',
  jsonl: '.jsonl',
  laion5b: '.laion5b.parquet',
  datacomp: '.datacomp.parquet',
  img2dataset: '.img2dataset.parquet',
}

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const cid = args[0]!
  const { format } = options
  if (format === undefined)
    throw new UsageError(`shard export needs --format, one of ${Object.keys(ENDINGS).join(', ')}`)
  const out = resolve(options.out ?? `${cid.replace(/[^\w.-]/g, '_')}${ENDINGS[format]}`)
  const exported = await manageShards(context, 'exportShard', cid, format, out)
  output.print(`${formatCount(exported.rows)} rows, ${formatBytes(exported.bytes)}`)
  output.print(exported.path)
  output.emit(exported)
}
