/** Floats of which nothing is rounded to steps. */
const FLOATS: ReadonlySet<string> = new Set(['fp32', 'tf32', 'fp16'])
/** WGSL leaves the last bits of divisions, roots and exponentials to the driver, where other fp32 rounds as IEEE 754 has it. */
const INEXACT_FP32 = 'webgpu/'

/**
 * How far two honest cosines of the same image may be apart, by what the devices compute with, the part of a class
 * after its last slash: `cpu/fp32`. What int8 and the like give depends on the file and the kernels, so that of those
 * only equal classes compare.
 *
 * @returns null where they say nothing of each other
 */
export function toleranceOf({
  tolerances,
  producerDevice,
  verifierDevice,
}: {
  tolerances: { full: number; reduced: number }
  producerDevice: string
  verifierDevice: string
}): number | null {
  if (isExact(producerDevice) && isExact(verifierDevice)) return tolerances.full
  const isComparable =
    producerDevice === verifierDevice ||
    (FLOATS.has(arithmeticOf(producerDevice)) && FLOATS.has(arithmeticOf(verifierDevice)))
  return isComparable ? tolerances.reduced : null
}

/**
 * What a shard says of its device that two have worked on: the one of which less exactness is asked.
 *
 * @returns null where they say nothing of each other, so that one shard can't hold what both gave
 */
export function coarserDevice(one: string, other: string): string | null {
  if (one === other) return one
  if (!FLOATS.has(arithmeticOf(one)) || !FLOATS.has(arithmeticOf(other))) return null
  return isExact(one) ? other : one
}

function isExact(device: string): boolean {
  return arithmeticOf(device) === 'fp32' && !device.startsWith(INEXACT_FP32)
}

function arithmeticOf(device: string): string {
  return device.slice(device.lastIndexOf('/') + 1)
}
