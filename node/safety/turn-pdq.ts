/** Coefficients along a side of the square that a PDQ is made of. */
const SIDE = 16

/**
 * The PDQs that a picture has mirrored and turned: the eight of the dihedral group, its own first. Mirroring negates every
 * other coefficient, turning changes rows with columns ("The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
 * Algorithm", 2019). A hash tells of a coefficient only whether it is above the median, which lies near zero, so that
 * some bits come out otherwise than if the picture itself had been turned.
 *
 * @param pdq - 64 hex digits
 * @returns eight hashes of 32 bytes
 */
export function turnPdq(pdq: string): Uint8Array[] {
  const bytes = Buffer.from(pdq, 'hex')
  return [false, true].flatMap((transposed) =>
    [false, true].flatMap((across) => [false, true].map((down) => turn(bytes, { transposed, across, down }))),
  )
}

/** The first digits hold the highest frequencies: bit 16·i + j is of frequency i + 1 down and j + 1 across. */
function turn(
  bytes: Uint8Array,
  { transposed, across, down }: { transposed: boolean; across: boolean; down: boolean },
): Uint8Array {
  const turned = new Uint8Array(bytes.length)
  for (let i = 0; i < SIDE; i++)
    for (let j = 0; j < SIDE; j++) {
      const from = transposed ? SIDE * j + i : SIDE * i + j
      // odd frequencies are antisymmetric
      const negated = (across && j % 2 === 0) !== (down && i % 2 === 0)
      if ((bitAt(bytes, from) === 1) !== negated) {
        const at = SIDE * i + j
        turned[turned.length - 1 - (at >> 3)]! |= 1 << (at & 7)
      }
    }
  return turned
}

function bitAt(bytes: Uint8Array, at: number): number {
  return (bytes[bytes.length - 1 - (at >> 3)]! >> (at & 7)) & 1
}
