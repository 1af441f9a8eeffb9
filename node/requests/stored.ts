import { decode, encode } from '../../protocol/codec.ts'
import { isName, type Proof } from '../../protocol/records/receipt.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import type { Table } from '../store/store.ts'
import type { Asked } from './read-subject.ts'

/** A request that this node took, as it is kept here and told to nobody. */
export interface StoredRequest {
  /** whoever has it is told what was asked for: the request's name is in public records */
  key: string
  asked: Asked[]
  reason: Removal['reason']
  /** how whoever asked can be reached, or null */
  contact: string | null
  /** milliseconds since 1970 */
  received: number
  /** of each thing asked for, in their order */
  proofs: Proof[]
  /** the latest receipt's envelope */
  receipt: Uint8Array
}

export async function readStored(requests: Table, name: string): Promise<StoredRequest | null> {
  // Latin-1 would take other characters for those of a name
  const bytes = isName(name) ? await requests.get(storedKey(name)) : undefined
  return bytes === undefined ? null : (decode(bytes) as StoredRequest)
}

export async function* readAllStored(requests: Table): AsyncGenerator<[name: string, one: StoredRequest]> {
  for await (const [key, bytes] of requests.iterator())
    yield [Buffer.from(key).toString('latin1'), decode(bytes) as StoredRequest]
}

export async function writeStored(requests: Table, name: string, one: StoredRequest): Promise<void> {
  await requests.put(storedKey(name), encode(one))
}

export function storedKey(name: string): Uint8Array {
  return Buffer.from(name, 'latin1')
}
