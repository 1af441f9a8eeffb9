import type { ArchivedResponse } from '../components.ts'
import { detectLanguage } from './detect-language.ts'
import { readResponseAt } from './read-response.ts'
import { type Reading, readSlice, type SliceResult } from './read-slice.ts'
import type { Slice } from './walk-records.ts'

/** Work for one thread: a slice of a segment, or one response out of a record's bytes. */
export type ExtractTask =
  | { kind: 'slice'; bytes: ArrayBuffer; slice: Omit<Slice, 'bytes'>; reading: Reading }
  | { kind: 'response'; bytes: ArrayBuffer; maxBytes: number }

export type ExtractResult<T extends ExtractTask> = T extends { kind: 'slice' }
  ? SliceResult
  : ArchivedResponse | null

export default function run(task: ExtractTask): unknown {
  const bytes = Buffer.from(task.bytes)
  if (task.kind === 'slice') return readSlice({ ...task.slice, bytes }, task.reading, detectLanguage)
  const response = readResponseAt(bytes, task.maxBytes)
  // a view is posted with all the memory it is cut from: give the body its own
  return response === null ? null : { ...response, body: new Uint8Array(response.body) }
}
