import { hash } from 'node:crypto'
import type { Sha256 } from '../protocol/rules/remove.ts'

/** Plain bytes, as records hold them. */
export const sha256: Sha256 = (bytes) => {
  const { buffer, byteOffset, length } = hash('sha256', bytes, 'buffer')
  return new Uint8Array(buffer, byteOffset, length)
}
