/**
 * A key that sorts as its parts do.
 *
 * @param owner - leading bytes; all owners of one table have the same length
 * @param numbers - whole numbers from 0 to 2^32 - 1, each written as 4 bytes, big-endian
 */
export function orderedKey(owner: Uint8Array, ...numbers: number[]): Uint8Array {
  const key = new Uint8Array(owner.length + 4 * numbers.length)
  key.set(owner)
  const view = new DataView(key.buffer)
  numbers.forEach((number, i) => {
    if (!Number.isInteger(number) || number < 0 || number > 0xffffffff)
      throw new RangeError(`key part ${number}`)
    view.setUint32(owner.length + 4 * i, number)
  })
  return key
}

/** The range of every key that begins with `prefix`, for iterators and `clear`. */
export function startingWith(prefix: Uint8Array): { gte: Uint8Array; lt?: Uint8Array } {
  const last = prefix.findLastIndex((byte) => byte !== 0xff)
  if (last < 0) return { gte: prefix }
  // not slice: a Buffer's would share its memory with the prefix
  const lt = Uint8Array.from(prefix.subarray(0, last + 1))
  lt[last] = (lt[last] as number) + 1
  return { gte: prefix, lt }
}
