import type { GatewayOptions } from '../gateway/gateway.ts'
import type { Log } from '../log.ts'
import type { startNetwork } from '../network/network.ts'
import type { Called } from '../shard/shard.ts'
import type { auditShard } from './audit-shard.ts'
import type { AuditEnding } from './auditor.ts'
import type { Hours } from './hours.ts'
import type { startProducer } from './produce-segment.ts'
import type { ToolboxOptions } from './toolbox.ts'
import type { Ending } from './worker.ts'

export interface DaemonOptions extends ToolboxOptions {
  /** when the machine may work, or null: always */
  hours: Hours | null
  /** segments at once */
  segments: number
  /** bytes that the data directory may take before no more segments are begun, or null */
  diskBytes: number | null
  /** bytes of others' shards that are kept for their sake; null or absent: no more than there are */
  replicateBytes?: number | null | undefined
  /** multiaddrs to listen at */
  listen: string[]
  /** multiaddrs of nodes to call first */
  peers: string[]
  /** keep to this machine or LAN: no multicast, no relays, private addresses are passed on */
  local: boolean
  /** where to listen as a trustless gateway, for HTTP; null or absent: not at all */
  gateway?: GatewayOptions['listen'] | null | undefined
  /** count what libp2p does, for `Daemon.metrics` */
  metrics?: boolean | undefined
  /** work on own campaigns alone that can be had now, see `Daemon.createOwn`: for demonstrations */
  onlyOwn?: boolean | undefined
  log: Log
  /** told when a segment that was taken here has ended here */
  onEnd?: ((ending: Ending) => void) | undefined
  /** told when an audit has ended here */
  onAudit?: ((audit: AuditEnding) => void) | undefined
  /** what whoever runs this node goes by, in the records of its shards */
  called?: Called | undefined
  /** take no segments: for the time of one command */
  withoutWork?: boolean | undefined
  /** audit nothing, for tests of what else a node does */
  withoutAudits?: boolean | undefined
  /** in place of CONTENTION_MS and the pause between syncs, where all nodes are on one machine */
  contentionMs?: number | undefined
  syncEveryMs?: number | undefined
  /** milliseconds between two looks for replicas, in place of a minute */
  replicateEveryMs?: number | undefined
  /** in place of the network, one with faults, for tests */
  startNetwork?: typeof startNetwork | undefined
  /** in place of honest work, for demonstrations and tests */
  startProducer?: typeof startProducer | undefined
  auditShard?: typeof auditShard | undefined
}
