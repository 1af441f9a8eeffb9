/** Bytes from their pieces: hex, and numbers of zeros. */
export function joinPieces(pieces: readonly (string | number)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      pieces.map((piece) => (typeof piece === 'number' ? Buffer.alloc(piece) : Buffer.from(piece, 'hex'))),
    ),
  )
}
