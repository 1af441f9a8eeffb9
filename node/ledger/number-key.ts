import { orderedKey } from '../store/store.ts'

const NO_OWNER = new Uint8Array()

/** A key of the ledger's tables that are named by its own numbers. */
export function numberKey(...numbers: number[]): Uint8Array {
  return orderedKey(NO_OWNER, ...numbers)
}
