import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { findDataDir } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'

/** Seconds that a device is measured for. */
const SECONDS = 5

export async function run({ options, output, signal }: Context): Promise<void> {
  const { benchScore } = await import('../../node/score/score.ts')
  const speeds = benchScore(options.model, {
    ...{ cacheDir: join(findDataDir(options.data), 'models'), offline: options.offline, signal },
    ...(options.precision === undefined ? {} : { precision: options.precision }),
    ...{ device: options.device ?? 'auto', seconds: options.seconds ?? SECONDS },
    threads: options.threads ?? Math.max(1, availableParallelism() - 1),
    onTrial: (device) => output.live([`Trying ${device} …`]),
  })
  const devices = await Array.fromAsync(speeds)
  output.table(
    [
      { title: 'device' },
      { title: 'computes' },
      { title: 'batch', align: 'right' },
      { title: 'pairs/s', align: 'right' },
      { title: 'of the bare session' },
    ],
    devices.map(({ device, deviceClass, batch, perSecond, ofBare, trouble }) => [
      device,
      deviceClass,
      ...(trouble === null ? [String(batch), formatRate(perSecond)] : ['', '']),
      ofBare === null ? 'not usable' : ofBare.toFixed(2),
    ]),
  )
  for (const { device, trouble } of devices)
    if (trouble !== null) output.print(`${device}: ${trouble.message}`)
  output.emit({ devices })
  const faults = devices.filter(({ trouble }) => trouble !== null)
  if (faults.length === devices.length)
    throw new ShoalError(faults[0]!.trouble!.code, faults[0]!.trouble!.message)
}

function formatRate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toPrecision(2) : String(Math.round(perSecond))
}
