import * as v from 'valibot'
import { ShoalError } from '../../protocol/errors.ts'
import type { DaemonOptions } from './options.ts'

/** What a volunteer may change of a node that runs. */
export type Limits = Pick<DaemonOptions, 'hours' | 'bytesPerSecond' | 'diskBytes' | 'segments'>

const bytes = (least: number) => v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(least)))
const hour = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most))

/** As the options of the command line have it: below these nothing could be done. */
const LimitsSchema = v.partial(
  v.strictObject({
    hours: v.nullable(
      v.pipe(
        v.strictObject({ from: hour(23), to: hour(24) }),
        v.check(({ from, to }) => from !== to, 'hours that end when they begin'),
      ),
    ),
    bytesPerSecond: bytes(10_000),
    diskBytes: bytes(10_000_000),
    segments: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)),
  }),
)

/** @throws ShoalError `limits_invalid` */
export function readLimits(changes: unknown): Partial<Limits> {
  const { success, output, issues } = v.safeParse(LimitsSchema, changes)
  if (success) return output
  const [{ message }] = issues
  throw new ShoalError(
    'limits_invalid',
    `${v.getDotPath(issues[0]) ?? 'limits'}: ${message}; at least 10 kB a second, 10 MB of disk, and 1 to 64 segments`,
  )
}
