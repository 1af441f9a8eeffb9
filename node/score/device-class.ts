import { DEFAULT_AUDIT } from '../../protocol/records/campaign.ts'
import { toleranceOf } from '../../protocol/rules/device-class.ts'
import type { Device } from './device.ts'

/**
 * What shards and verdicts say of the device that scored: `cpu/fp32`. Before the slash stands what it computes on, after
 * it what it computes with:
 *
 * - `fp32`, `fp16`: floats of that width, in files of that name. CoreML may take fp16 for what the files have in fp32
 * - `int8`: the files `_quantized`. What goes into a multiplication is rounded to 255 steps of its range, so that the
 *   last bit of a float can move a whole step: with the sums of floats in another order, 12,100 similarities of
 *   shoal-mini moved by up to 0.0021, of which 0.005 is allowed; fp32's embeddings moved by 0.0000006
 * - any other suffix of the model's files, by its name
 *
 * How far two devices may be apart is said by `toleranceOf` in protocol/rules/device-class.ts.
 */
export function deviceClassOf({ kind }: Pick<Device, 'kind'>, precision: string): string {
  const arithmetic = arithmeticOf(precision)
  return `${kind}/${kind === 'coreml' && arithmetic === 'fp32' ? 'fp16' : arithmetic}`
}

/** @returns that of the precisions which scores as a device of this class does, or null */
export function precisionLike(deviceClass: string, precisions: readonly string[]): string | null {
  const arithmetic = deviceClass.slice(deviceClass.lastIndexOf('/') + 1)
  return precisions.find((precision) => arithmeticOf(precision) === arithmetic) ?? null
}

/** The part of a class after its slash. */
export function arithmeticOf(precision: string): string {
  return precision === 'quantized' ? 'int8' : precision
}

/**
 * Whether anything but a CPU can have a precision to compute: what others than floats give depends on the kernels, so
 * that nobody could audit it who has not the same device.
 */
export function isForGpus(precision: string): boolean {
  return precision === 'fp32' || precision === 'fp16'
}

const REFERENCE = 'cpu/fp32'
/**
 * Coarser arithmetic is compared within its own class, so that it only has to be the same model: shoal-mini's int8 is
 * up to 0.001 off on the golden pairs and 0.011 on 200 pictures, and a broken quantisation gives any number at all.
 */
const COARSE = 0.05

/**
 * How far a device may be from what fp32 gives on a CPU: half of what audits allow, so that two devices which stray to
 * either side still confirm each other.
 */
export function toleranceOfClass(deviceClass: string): number {
  const { tolerances } = DEFAULT_AUDIT
  const allowed = toleranceOf({ tolerances, producerDevice: REFERENCE, verifierDevice: deviceClass })
  return allowed === null ? COARSE : allowed / 2
}
