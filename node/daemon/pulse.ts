import { availableParallelism } from 'node:os'
import type { DeviceUse } from '../components.ts'
import type { Status } from './status.ts'
import type { Speeds, Tally } from './tally.ts'

/** How a node is getting on at this moment. */
export interface Pulse extends Speeds {
  /** milliseconds since 1970 */
  at: number
  status: Status
  /** of this machine */
  cores: number
  /** bytes of memory that this process holds */
  memory: number
  devices: DeviceUse[]
}

/** @returns what takes a node's pulse, at any time */
export function makePulse(parts: {
  tally: Tally
  status: () => Promise<Status>
  devices: () => DeviceUse[]
  clock: () => number
}): () => Promise<Pulse> {
  const cores = availableParallelism()
  return async () => ({
    ...{ at: parts.clock(), status: await parts.status(), ...parts.tally.speeds(), cores },
    ...{ memory: process.memoryUsage.rss(), devices: parts.devices() },
  })
}
