import { createHash } from 'node:crypto'
import type { Table } from '../../store/store.ts'

/** What a site answered to the question for one of its files. */
export interface SiteAnswer {
  /** milliseconds since 1970 */
  at: number
  status: number
  /** '' unless the status is 2xx */
  text: string
}

/** Bytes of answers that are kept on disk: most are some hundreds, so that they are those of some 100,000 sites. */
const MAX_BYTES = 64 * 1024 * 1024
/** Answers forgotten at once, so that a sweep holds little in memory. */
const SWEPT_AT_ONCE = 1_000
/** time and status, big-endian, before the text */
const HEAD_BYTES = 10

export type SiteMemory = ReturnType<typeof openSiteMemory>

/**
 * Answers of sites that outlive the process, so that a node which is started again asks nobody twice. What is not
 * remembered is asked for again: failures of the disk are no failures here.
 *
 * @param keptMs - how long one may be used
 */
export function openSiteMemory(table: Table, keptMs: number, now: () => number, maxBytes = MAX_BYTES) {
  /** bytes kept, null until they are counted */
  let bytes: number | null = null
  let writing: Promise<void> = Promise.resolve()

  /** Forget what is too old to be used, and count the rest. */
  async function sweep(): Promise<number> {
    let sum = 0
    let old: Uint8Array[] = []
    const forget = async () => {
      await table.batch(old.map((key) => ({ type: 'del', key })))
      old = []
    }
    for await (const [key, value] of table.iterator()) {
      if (isFresh(value)) sum += value.length
      else if (old.push(key) >= SWEPT_AT_ONCE) await forget()
    }
    await forget()
    return sum
  }

  function isFresh(value: Uint8Array): boolean {
    if (value.length < HEAD_BYTES) return false
    const age = now() - Number(viewOf(value).getBigUint64(0))
    // a clock that was set back makes nothing last longer
    return age >= 0 && age < keptMs
  }

  async function write(address: string, answer: SiteAnswer): Promise<void> {
    const text = Buffer.from(answer.text)
    const value = new Uint8Array(HEAD_BYTES + text.length)
    viewOf(value).setBigUint64(0, BigInt(answer.at))
    viewOf(value).setUint16(8, answer.status)
    value.set(text, HEAD_BYTES)
    if (bytes === null || bytes + value.length > maxBytes) bytes = await sweep()
    if (bytes + value.length > maxBytes) return
    bytes += value.length
    await table.put(keyOf(address), value)
  }

  return {
    async read(address: string): Promise<SiteAnswer | null> {
      const value = await table.get(keyOf(address)).catch(() => undefined)
      if (value === undefined || !isFresh(value)) return null
      const view = viewOf(value)
      return {
        at: Number(view.getBigUint64(0)),
        status: view.getUint16(8),
        text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(value.subarray(HEAD_BYTES)),
      }
    },
    /** One after the other, in the background. */
    keep(address: string, answer: SiteAnswer): void {
      writing = writing.then(() => write(address, answer)).catch(() => {})
    },
    /** Wait for what is being written. */
    close: () => writing,
  }
}

function keyOf(address: string): Uint8Array {
  return createHash('sha256').update(address).digest().subarray(0, 16)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
