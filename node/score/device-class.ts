/**
 * What shards and verdicts say of the device that scored: `cpu/fp32`. Before the slash stands what it computes on (today
 * always `cpu`), after it what it computes with:
 *
 * - `fp32`, `fp16`: floats of that width, in files of that name
 * - `int8`: the files `_quantized`. What goes into a multiplication is rounded to 255 steps of its range, so that the
 *   last bit of a float can move a whole step: with the sums of floats in another order, 12,100 similarities of
 *   shoal-mini moved by up to 0.0021, of which 0.005 is allowed; fp32's embeddings moved by 0.0000006
 * - any other suffix of the model's files, by its name
 *
 * How far two devices may be apart is said by `toleranceOf` in protocol/rules/agree.ts, how far one may be from what
 * fp32 gives in check-golden.ts.
 */
export function deviceClassOf(precision: string): string {
  return `cpu/${arithmeticOf(precision)}`
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
