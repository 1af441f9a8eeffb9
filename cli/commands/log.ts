import { findDataDir, logFile } from '../../node/paths.ts'
import { readLog } from '../../node/read-log.ts'
import { cleanLine } from '../clean.ts'
import type { Context } from '../declarations.ts'
import { describeEntry, readEntry } from '../log-entry.ts'
import { suggest } from '../suggest.ts'

const LINES = 20

export async function run({ options, output, signal }: Context): Promise<void> {
  const file = logFile(findDataDir(options.data))
  let lines = 0
  let day = ''
  for await (const line of readLog(file, options.lines ?? LINES, options.follow ? signal : null)) {
    lines++
    const entry = readEntry(line)
    if (output.json) {
      output.emit(entry?.fields ?? { broken: line })
      continue
    }
    if (entry !== null && entry.day !== day) output.heading(entry.day)
    day = entry?.day ?? day
    for (const row of entry === null ? [cleanLine(line).slice(0, 76)] : describeEntry(entry))
      output.print(row)
  }
  if (lines === 0 && !options.follow)
    output.print(`No log here yet: ${suggest('start', options.data)} begins one, in ${file}`)
  output.emit({ log: file, lines })
}
