import type { ShardStanding, VerifiedRow } from '../../node/daemon/daemon.ts'
import type { DemoNode } from './nodes.ts'

/** A refused shard, and what another node saw when it repeated the audit that found it forged. */
export interface Caught {
  segment: number
  manifest: string
  /** peers: who made it, who found it forged, and who repeated that audit */
  producer: string
  verifier: string
  repeatedBy: string
  verdict: string
  /** rows that the verifier looked at, and how many of them are forged */
  rows: number
  forged: number
  /** rows that one of the two calls forged and the other not */
  contradictions: number
  /** one of the forged rows: what the shard says, and what was found */
  example: Pick<VerifiedRow, 'frame' | 'row' | 'code' | 'said' | 'found'>
}

/**
 * Have each audit that found a shard forged repeated row by row by a node that had no part in it.
 *
 * @param nodes - those that are trusted to, with their peers' ids
 * @throws ShoalError as the daemon's `verify`
 */
export async function catchCheats(
  nodes: readonly { node: DemoNode; peerId: string }[],
  shards: readonly ShardStanding[],
): Promise<Caught[]> {
  const refused = shards.filter(({ state }) => state === 'refused')
  const caught = await Promise.all(refused.map((shard) => repeatAudit(nodes, shard)))
  return caught.filter((one) => one !== null)
}

async function repeatAudit(
  nodes: readonly { node: DemoNode; peerId: string }[],
  { segment, manifest, producer, verdicts }: ShardStanding,
): Promise<Caught | null> {
  const accusing = verdicts.find(({ counts, ruling }) => counts && ruling === 'forged')
  const other = nodes.find(({ peerId }) => peerId !== accusing?.verifier)
  if (accusing === undefined || other === undefined) return null
  const { verdict, verifier } = accusing
  const { rows, replayed } = await other.node.ask('verify', { manifest, replay: verdict })
  const forged = rows.filter(({ finding }) => finding === 'forged')
  const [first] = forged
  if (first === undefined) return null
  const { frame, row, code, said, found } = first
  return {
    ...{ segment, manifest, producer, verifier, repeatedBy: other.peerId, verdict },
    ...{ rows: rows.length, forged: forged.length, contradictions: replayed!.contradictions },
    example: { frame, row, code, said, found },
  }
}
