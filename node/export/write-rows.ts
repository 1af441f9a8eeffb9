import { ShoalError } from '../../protocol/errors.ts'
import { hidingColumns } from '../denied/denied.ts'
import { startThreads } from '../threads.ts'
import type { PairWriter } from './export.ts'
import type { ExportAnswer, ExportPlan, ExportTask } from './export-worker.ts'
import { makeFilter } from './filter.ts'
import { sourceColumns } from './formats.ts'
import { count } from './tally.ts'

/** Milliseconds to read one row group and write its rows: a made-up file may ask for any time, a disk for some. */
const MAX_GROUP_MS = 60_000
/** MiB of the thread's objects. */
const MAX_MIB = 768

/**
 * Reads, filters and writes rows in a thread of their own, into which only the bytes of blocks go. While it is busy
 * with one group the next one's blocks are read and checked.
 */
export function startRowWriter(plan: ExportPlan, signal: AbortSignal): PairWriter {
  const threads = startThreads(new URL('./export-worker', import.meta.url), {
    threads: 1,
    workerData: plan,
    youngMiB: 64,
    oldMiB: MAX_MIB,
  })
  // what breaks in the thread after its task has failed
  threads.on('error', () => {})
  const columns = [
    ...new Set([...sourceColumns(plan.format), ...makeFilter(plan.filters).columns, 'language']),
  ]

  async function ask(task: ExportTask, where: string): Promise<ExportAnswer> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(MAX_GROUP_MS)])
    const transferList = 'part' in task ? [task.part.bytes.buffer as ArrayBuffer] : []
    const fault = (reason: string) => new ShoalError('shard_parquet', `${where} is broken: ${reason}`)
    const answer: ExportAnswer = await threads
      .run(task, { signal: limit, transferList })
      .catch((error: Error) => {
        // the thread is gone: it took too long, or more memory than it may have
        throw signal.aborted ? error : fault(error.message)
      })
    if ('broken' in answer) throw fault(answer.broken)
    if ('unwritable' in answer) throw Object.assign(new Error(answer.unwritable), { code: 'UNWRITABLE' })
    return answer
  }

  return {
    async add({ file, campaign, open }, hidden, onRows) {
      const where = `${file.name} (${file.cid})`
      const table = await open()
      await ask({ table: table.file, model: campaign?.pipeline.model.repo ?? null, hidden }, where)
      const sum = { hidden: 0, passed: 0, names: new Set<string>(), languages: new Map<string, number>() }
      const read = [...new Set([...columns, ...hidingColumns(hidden)])]
      let writing: Promise<void> | null = null
      const write = async (part: Awaited<ReturnType<typeof table.groupBytes>>) => {
        const { rowStart, rowEnd } = part.group
        const answer = await ask({ part }, where)
        if (!('passed' in answer)) return
        sum.hidden += answer.hidden
        sum.passed += answer.passed
        for (const name of answer.names) sum.names.add(name)
        for (const [language, rows] of Object.entries(answer.languages)) count(sum.languages, language, rows)
        onRows(rowEnd - rowStart)
      }
      for (const index of table.starts.keys()) {
        signal.throwIfAborted()
        const part = await table.groupBytes(index, read)
        await writing
        writing = write(part)
        // reported by the next turn
        writing.catch(() => {})
      }
      await writing
      return { ...sum, names: [...sum.names] }
    },
    async finish() {
      const answer = await ask({ end: true }, 'the export')
      return 'files' in answer ? answer.files : []
    },
    close: () => threads.destroy(),
  }
}
