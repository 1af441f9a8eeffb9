/**
 * A hash table of row numbers: four bytes a slot, at most half of them in use. It holds no keys, the rows do; several
 * rows may have one key.
 *
 * @param hashOf - of a row's key, a 32-bit integer. It is asked again when the table grows or a row leaves, so a row's
 *   key must not change while it is in
 */
export function makeRowTable(hashOf: (row: number) => number) {
  // a row's number + 1, 0 for an empty slot; linear probing
  let slots = new Int32Array(1024)
  let mask = slots.length - 1
  let size = 0

  function place(row: number): void {
    let slot = hashOf(row) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = row + 1
  }

  function slotOf(row: number): number {
    let slot = hashOf(row) & mask
    while (slots[slot] !== row + 1) {
      if (slots[slot] === 0) throw new RangeError(`row ${row} is not in the table`)
      slot = (slot + 1) & mask
    }
    return slot
  }

  return {
    /** @returns the first row of a key, or -1 */
    find(hash: number, matches: (row: number) => boolean): number {
      for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const row = slots[slot]! - 1
        if (matches(row)) return row
      }
      return -1
    },

    findAll(hash: number, matches: (row: number) => boolean): number[] {
      const found: number[] = []
      for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const row = slots[slot]! - 1
        if (matches(row)) found.push(row)
      }
      return found
    },

    add(row: number): void {
      if (++size * 2 > slots.length) {
        const rows = slots
        slots = new Int32Array(rows.length * 2)
        mask = slots.length - 1
        for (const other of rows) if (other !== 0) place(other - 1)
      }
      place(row)
    },

    /** Put another row of the same key in a row's place. */
    replace(row: number, other: number): void {
      slots[slotOf(row)] = other + 1
    },

    remove(row: number): void {
      let hole = slotOf(row)
      slots[hole] = 0
      size--
      // rows that were pushed on by this one move back, so that no search ends at the hole
      for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const home = hashOf(slots[slot]! - 1) & mask
        if (((slot - home) & mask) < ((slot - hole) & mask)) continue
        slots[hole] = slots[slot]!
        slots[slot] = 0
        hole = slot
      }
    },
  }
}

/** Mix a key's next word into its hash: MurmurHash3's step (Appleby). */
export function mixHash(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hash ^ k
  const mixed = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64
  return mixed ^ (mixed >>> 16)
}
