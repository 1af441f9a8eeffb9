import type { ArchivedResponse } from '../components.ts'
import { freeBytes } from '../free-bytes.ts'
import { moving } from '../moving.ts'
import { BodyTooLarge } from './http-response.ts'
import { readResponseAt } from './read-response.ts'
import { type Reading, readSlice, type SliceResult } from './read-slice.ts'
import type { Slice } from './walk-records.ts'

/** Work for one thread: a slice of a segment, or one response out of a record's bytes. */
export type ExtractTask =
  | { kind: 'slice'; bytes: ArrayBuffer; slice: Omit<Slice, 'bytes'>; reading: Reading }
  | { kind: 'response'; bytes: ArrayBuffer; maxBytes: number; url: string | undefined }

export type ExtractResult<T extends ExtractTask> = T extends { kind: 'slice' } ? SliceResult : FoundResponse

/** The response, or why there is none: an error of its own class would lose it on the way between threads. */
export type FoundResponse = ArchivedResponse | 'missing' | 'too_large'

export default function run(task: ExtractTask): SliceResult | FoundResponse {
  const bytes = Buffer.from(task.bytes)
  try {
    if (task.kind === 'slice') return readSlice({ ...task.slice, bytes }, task.reading)
    const response = readResponseAt(bytes, task.maxBytes, task.url)
    if (response === null) return 'missing'
    // a view is posted with all the memory it is cut from: give the body its own
    const body = new Uint8Array(response.body)
    freeBytes(response.body)
    return moving({ ...response, body }, body)
  } catch (error) {
    if (error instanceof BodyTooLarge) return 'too_large'
    throw error
  } finally {
    freeBytes(bytes)
  }
}
