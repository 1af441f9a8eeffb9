import type { CID } from 'multiformats/cid'
import type { ShoalError } from '../../protocol/errors.ts'
import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import { managePins, type Pins } from '../manage-pins.ts'
import type { Network } from '../network/network.ts'
import { parseRoot } from '../parse-cid.ts'
import { startCollector } from './collector.ts'
import type { Disk } from './disk.ts'
import type { DaemonOptions } from './options.ts'
import { startReplicator } from './replicate.ts'

export interface KeeperOptions extends Pick<DaemonOptions, 'clock' | 'replicateBytes' | 'replicateEveryMs'> {
  log: Log
  /** whether the volunteer lets this machine work now */
  mayWork: () => boolean
  isReady: (campaign: CID) => boolean
  /** told when a shard is kept from now on, or no longer */
  onChange: () => void
  /** told when it can not go on */
  onFatal: (error: ShoalError) => void
}

/** Keeps what is pinned and replicas of others' shards, and deletes the rest: all that decides what lies on the disk. */
export function startKeeper(
  { home, ledger, network, disk }: { home: Home; ledger: Ledger; network: Network; disk: Disk },
  options: KeeperOptions,
) {
  const { log, clock, onChange } = options
  const replicator = startReplicator(
    { home, ledger, network },
    {
      ...{ ...options, room: disk.room, diskBytes: disk.maxBytes, onUnpin: () => collector.soon() },
      maxBytes: options.replicateBytes ?? null,
      lookMs: options.replicateEveryMs,
    },
  )
  const collector = startCollector(home, disk, {
    ...{ log, clock, onDrop: onChange, dropReplicas: replicator.drop },
  })
  const managed = managePins(home)
  const pins: Pins = {
    ...managed,
    async removePin(cid) {
      await managed.removePin(cid)
      const root = parseRoot(cid)
      replicator.forget(root)
      // shards and releases are provided
      await network.withdraw(root)
      onChange()
      collector.soon()
    },
    collect: collector.collect,
  }
  return {
    pins,
    status: () => ({ replicas: replicator.status(), collected: collector.last() }),
    /** Whether there is room for more work, if need be made by giving up what can be spared. */
    hasRoom: collector.hasRoom,
    look: replicator.look,
    end: replicator.end,
    ended: replicator.ended,
    close: collector.close,
  }
}
