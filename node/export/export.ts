import { createWriteStream } from 'node:fs'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import type { ExportRequest, ExportResult, Progress } from '../components.ts'
import { type Hidden, type Hiding, lookForHidden } from '../denied/denied.ts'
import { nameOfPeer } from '../identity.ts'
import { readExactly } from '../shard/shard.ts'
import { writeCard } from './card.ts'
import { CARD, failToWrite, openDestination, SHARD_LIST } from './destination.ts'
import type { ExportedFile, ExportPlan } from './export-worker.ts'
import { checkFilters } from './filter.ts'
import { EXPORT_FORMATS, isTable } from './formats.ts'
import { campaignsOf, chooseSources, openSources, type Source, type SourceParts } from './sources.ts'
import { addShard, count, emptyTally, type Judge, type Judged } from './tally.ts'
import { startRowWriter } from './write-rows.ts'

export type { Judge } from './tally.ts'

export interface ExportOptions extends Omit<ExportRequest, 'cids' | 'signers'> {
  cids: readonly CID[]
  /** keys of peers whose releases are trusted besides the organiser's and the operators' */
  signers: readonly Uint8Array[]
  judge: Judge
  hiding: Hiding
  /** Have the latest removals here, see `Removals.demandFresh`; asked once for each campaign. */
  demandFresh(campaign: CID, isVouched: boolean): Promise<void>
  /** milliseconds since 1970 */
  now: number
  signal: AbortSignal
  onProgress(progress: Progress): void
}

/** Writes the rows of one shard after another. */
export interface PairWriter {
  /**
   * @returns how many rows are hidden, how many of the others passed the filters, the files they went to, and their
   *   languages where they were read
   */
  add(
    source: Source,
    hidden: Hidden,
    onRows: (rows: number) => void,
  ): Promise<{ hidden: number; passed: number; names: string[]; languages: ReadonlyMap<string, number> }>
  /** @returns the files in order */
  finish(): Promise<ExportedFile[]>
  close(): Promise<void>
}

/**
 * Write the pairs of shards and releases for other tools, a row group at a time: memory does not grow with them.
 *
 * - `parquet`: the columns of `pairs.parquet`; a shard that is written whole is the file itself, byte for byte, unless
 *   rows of it are hidden
 * - `laion5b`, `datacomp`, `img2dataset`: other Parquet files, see `formats.ts`
 * - `jsonl`: the columns of `pairs.parquet`, a JSON object a line; `csv`: those but the embedding, RFC 4180
 *
 * Into a directory go `pairs-00000.parquet` and so on, one for each shard that has rows, or `pairs.jsonl`,
 * `pairs.csv`; `shards.tsv`, which lists the shards; and the dataset card `README.md`. A single file has its card beside
 * it, `FILE.README.md`. All of it appears under its name when it is complete.
 *
 * @throws ShoalError `export_format`, `export_filter`, `export_exists`, `export_write`; `shard_unknown`,
 *   `release_signer`, `removals_stale`; whatever is wrong with a shard or a release; the signal's reason
 */
export async function exportPairs(parts: SourceParts, options: ExportOptions): Promise<ExportResult> {
  const { format, out, isFile, signal, now } = options
  if (!Object.hasOwn(EXPORT_FORMATS, format))
    throw new ShoalError(
      'export_format',
      `${format} is no format: take ${Object.keys(EXPORT_FORMATS).join(', ')}`,
    )
  const filters = checkFilters(options.filters)
  const chosen = await chooseSources(parts, options.cids, options)
  for (const { campaign, isVouched } of campaignsOf(chosen)) await options.demandFresh(campaign, isVouched)
  const destination = await openDestination(out, isFile)
  const { dir } = destination
  const tally = emptyTally()
  const name =
    destination.file ?? (isTable(format) || options.rowsPerFile ? null : `pairs${EXPORT_FORMATS[format]}`)
  const isWhole =
    format === 'parquet' &&
    options.rowsPerFile === null &&
    Object.values(filters).every((one) => one === undefined)
  let writer: PairWriter | null = null
  let list: FileHandle | null = null
  try {
    list = await open(join(dir, SHARD_LIST), 'wx')
    await list.write(LIST_HEAD)
    writer =
      isWhole && (!isFile || (chosen.named.length === 1 && chosen.releases.length === 0))
        ? copyFiles(parts, { format, filters, dir, name, rowsPerFile: null, filePerShard: false }, signal)
        : startRowWriter(
            {
              ...{ format, filters, dir, name },
              rowsPerFile: options.rowsPerFile,
              filePerShard: name === null && isTable(format),
            },
            signal,
          )
    let done = 0
    const onRows = (rows: number) => {
      done += rows
      options.onProgress({
        ...{ file: out, segment: 0, segments: 1 },
        stages: [{ stage: 'write', done, total: chosen.rows, unit: 'rows' }],
      })
    }
    onRows(0)
    for await (const source of openSources(parts, chosen)) {
      signal.throwIfAborted()
      const judged = await options.judge(source.facts.campaign, source.recordId)
      const hidden = await options.hiding.hiddenIn(source.facts.campaign)
      const written = await writer.add(source, hidden, onRows)
      const { passed, names, languages } = written
      source.removed += written.hidden
      for (const [language, rows] of languages) count(tally.languages, language, rows)
      addShard(tally, source, judged, passed)
      await list.write(listLine(source, judged, passed, isFile ? [] : names))
    }
    const files = await writer.finish()
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    await writeFile(
      join(dir, CARD),
      writeCard({ tally, chosen, options: { ...options, filters }, files, now }),
    )
    await list.close()
    list = null
    signal.throwIfAborted()
    await destination.complete()
    const withRows = files.filter(({ rows }) => rows > 0).length
    return {
      format,
      path: out,
      card: destination.card,
      files: withRows,
      rows: tally.passed,
      of: tally.rows,
      bytes,
    }
  } catch (error) {
    if (signal.aborted)
      throw new ShoalError('export_stopped', `the export to ${out} was stopped: nothing of it is left`)
    throw typeof (error as NodeJS.ErrnoException).code === 'string' && !(error instanceof ShoalError)
      ? failToWrite(out, error as Error)
      : error
  } finally {
    await writer?.close()
    await list?.close()
    await destination.discard()
  }
}

const LIST_HEAD =
  'files\trows\tof\tmanifest\tcampaign\tsegment\tproducer\tcandidates\tpairs\tduplicates\tremoved\tunfit\tstate\n'

function listLine(source: Source, judged: Judged | null, passed: number, names: readonly string[]): string {
  const { file, manifest, facts, record, duplicates, removed, unfit } = source
  return `${[
    ...[names.join(','), passed, file.rows, manifest, facts.campaign, facts.segment, nameOfPeer(record.peer)],
    ...[facts.counts.candidates, facts.counts.pairs, duplicates, removed, unfit, judged?.state ?? 'unknown'],
  ].join('\t')}\n`
}

/** A shard's own file as it is, so that it can be compared with its CID; without the rows that are hidden, if there are. */
function copyFiles({ blocks }: SourceParts, plan: ExportPlan, signal: AbortSignal): PairWriter {
  const { dir, name } = plan
  const files: ExportedFile[] = []
  let empty: Source | null = null
  let fell = false
  const nextName = () => name ?? `pairs-${String(files.length).padStart(5, '0')}.parquet`
  async function copy({ file, open }: Source): Promise<string> {
    // refuses what is no table of pairs, as wherever rows are read
    await open()
    const copied = nextName()
    const to = createWriteStream(join(dir, copied), { flags: 'wx' })
    await pipeline(readExactly(blocks, file), to, { signal })
    files.push({ name: copied, rows: file.rows, bytes: file.bytes })
    return copied
  }
  async function rewrite(source: Source, hidden: Hidden, onRows: (rows: number) => void) {
    const writer = startRowWriter({ ...plan, name: nextName() }, signal)
    try {
      const written = await writer.add(source, hidden, onRows)
      if (written.passed > 0) files.push(...(await writer.finish()))
      else fell = true
      return written
    } finally {
      await writer.close()
    }
  }
  return {
    async add(source, hidden, onRows) {
      const { rows } = source.file
      if (rows > 0 && (await lookForHidden(blocks, source.file, hidden, signal)) !== 'nothing')
        return rewrite(source, hidden, onRows)
      // many empty files would only be in the way
      if (rows === 0) empty ??= source
      const names = rows === 0 ? [] : [await copy(source)]
      onRows(rows)
      return { hidden: 0, passed: rows, names, languages: new Map() }
    },
    async finish() {
      if (files.length === 0 && empty !== null) await copy(empty)
      if (files.length > 0 || !fell) return files
      // all rows of all shards are hidden
      const writer = startRowWriter({ ...plan, name: nextName() }, signal)
      try {
        return await writer.finish()
      } finally {
        await writer.close()
      }
    },
    close: async () => {},
  }
}
