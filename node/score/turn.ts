/**
 * Whose turn it is, over all threads of the process: 0 nobody's, 1 somebody's. onnxruntime has one WebGPU device a
 * process, and encodes its commands for it without a lock: two sessions at once spoil each other's.
 */
export type Turn = Int32Array<SharedArrayBuffer>

export function makeTurn(): Turn {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** @param turn - null where nobody has to wait */
export async function inTurn<T>(turn: Turn | null, work: () => Promise<T>): Promise<T> {
  if (turn === null) return work()
  while (Atomics.compareExchange(turn, 0, 0, 1) !== 0) await Atomics.waitAsync(turn, 0, 1).value
  try {
    return await work()
  } finally {
    Atomics.store(turn, 0, 0)
    Atomics.notify(turn, 0, 1)
  }
}
