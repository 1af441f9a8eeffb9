import { ShoalError } from '../../protocol/errors.ts'

/** What a model can compute on. */
export interface Device {
  kind: 'cpu' | 'cuda' | 'dml' | 'coreml' | 'webgpu'
  /** which of several; null where nobody asked for one, or nobody can */
  index: number | null
  /** `cpu`, `webgpu`, `cuda:1` */
  name: string
}

export const CPU: Device = { kind: 'cpu', index: null, name: 'cpu' }
/** Beyond those a machine has no GPUs, and a mistyped list opens no hundred models. */
const MAX_DEVICES = 16
const NAME = /^(?:(cpu|coreml|webgpu)|(cuda|dml)(?::(\d{1,2}))?)$/

/**
 * Read a list of devices: `cpu`, `webgpu`, `cuda:0,cuda:1`. Each gets its own share of the pairs.
 *
 * @throws ShoalError `device_unknown`; `device_mixed` for several kinds, since a shard has one class of device
 */
export function parseDevices(list: string): Device[] {
  const devices = list.split(',').map((word) => parseDevice(word.trim()))
  const kinds = new Set(devices.map(({ kind }) => kind))
  if (kinds.size > 1)
    throw new ShoalError(
      'device_mixed',
      `${list}: a shard names one kind of device, and these are ${[...kinds].join(' and ')}: take devices of one kind`,
    )
  if (devices.length <= MAX_DEVICES) return devices
  throw new ShoalError('device_unknown', `${devices.length} devices are too many: ${MAX_DEVICES} at most`)
}

function parseDevice(name: string): Device {
  const match = NAME.exec(name)
  if (match === null)
    throw new ShoalError(
      'device_unknown',
      `no device is called ${JSON.stringify(name.slice(0, 40))}: take auto, cpu, webgpu, cuda, cuda:1, dml or coreml, several with commas`,
    )
  const [, plain, counted, digits] = match
  return {
    kind: (plain ?? counted) as Device['kind'],
    index: digits === undefined ? null : Number(digits),
    name,
  }
}

/** onnxruntime's name and settings of a device. */
export function providerOf({ kind, index }: Device): string | { name: string; deviceId: number } {
  return index === null ? kind : { name: kind, deviceId: index }
}

/** @param why - one line, that a driver may have had a part in */
export function unusable({ name }: Pick<Device, 'name'>, why: string): ShoalError {
  // where in the runtime's source it was noticed helps nobody here
  const line = why
    .replace(/\s+/g, ' ')
    .replace(/\/onnxruntime_src\/.*? was false\. /, '')
    .trim()
    .slice(0, MAX_WHY)
  const how = name.startsWith('cuda') ? ' (the parts that CUDA needs: shoal gpu install cuda)' : ''
  return new ShoalError(
    'device_unusable',
    `${name}: ${line}. Leave --device at auto, or see to its driver${how}`,
  )
}

/** What drivers and runtimes say can go on for pages. */
const MAX_WHY = 400
