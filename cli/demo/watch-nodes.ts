import { ShoalError } from '../../protocol/errors.ts'
import type { Answer, DemoNode } from './nodes.ts'
import { poll } from './until.ts'

/** Milliseconds for all segments: some ten seconds, on a machine with nothing else to do. */
const WORK_MS = 10 * 60_000
/** Milliseconds for the last records to reach everybody, who ask each other every second. */
const AGREE_MS = 2 * 60_000

type NodeStatus = Answer<'status'>
type Segment = Answer<'segments'>[number]
type Shard = Answer<'judged'>[number]

/** Who has done what so far. */
export interface Standing {
  segments: number
  /** those that are done, as the first node sees it, in the order of their numbers */
  done: Segment[]
  /** every shard and its state, as the first node sees it */
  shards: Shard[]
  nodes: { name: string; peerId: string; work: NodeStatus['work']; audit: NodeStatus['audits']['current'] }[]
}

/**
 * Wait until the nodes have done all segments of their one campaign, every shard is judged, and their
 * ledgers hold the same records.
 *
 * @returns the segments, all shards, the digest that is the same on every node, and the nodes' names among peers
 * @throws ShoalError `demo_segment` where a segment fails on every node, `demo_late`, `demo_digests`; the signal's reason
 */
export async function watchNodes(
  nodes: readonly DemoNode[],
  signal: AbortSignal,
  onStanding: (standing: Standing) => void,
): Promise<{ segments: Segment[]; shards: Shard[]; digest: string; peerIds: string[] }> {
  const look = () => Promise.all(nodes.map((node) => node.ask('status')))
  let standing: Standing | null = null
  const tellHowFar = () =>
    `${standing?.done.length ?? 0} of ${standing?.segments ?? '?'} segments were done, ${standing?.shards.filter(({ state }) => state === 'verified').length ?? 0} verified, and no more`
  const { done: segments, shards } = await poll(signal, WORK_MS, tellHowFar, async () => {
    const [statuses, done, shards] = await Promise.all([
      look(),
      nodes[0]!.ask('segments', { state: 'done', after: null, limit: 1000 }),
      nodes[0]!.ask('judged', { manifest: null, state: null, policy: null, after: null, limit: 500 }),
    ])
    refuseFailed(statuses)
    standing = {
      segments: statuses[0]!.campaigns[0]!.segments,
      done: done.filter(({ state }) => state === 'done').sort((a, b) => a.segment - b.segment),
      shards,
      nodes: statuses.map(({ peerId, work, audits }, i) => ({
        ...{ name: nodes[i]!.name, peerId, work, audit: audits.current },
      })),
    }
    onStanding(standing)
    // what is held since a slow machine could not see enough stays so: that is told at the end
    const isSettled = shards.every(({ state }) => state !== 'unaudited' && state !== 'disputed')
    // a verdict may have come between the two answers: then the segment is not done after all
    const stateOf = new Map(shards.map(({ manifest, state }) => [manifest, state]))
    const stands = standing.done.every(({ manifest }) => {
      const state = stateOf.get(manifest!)
      return state !== undefined && state !== 'refused'
    })
    return isSettled && stands && standing.done.length === standing.segments ? standing : null
  })

  let digests: string[] = []
  let peerIds: string[] = []
  const tellDigests = () =>
    `the ledgers did not become the same (${nodes.map(({ name }, i) => `${name}: ${digests[i]}`).join(', ')})`
  const digest = await poll(signal, AGREE_MS, tellDigests, async () => {
    const statuses = await look()
    digests = statuses.map(({ campaigns }) => campaigns[0]!.digest)
    peerIds = statuses.map(({ peerId }) => peerId)
    return new Set(digests).size === 1 ? digests[0]! : null
  })
  return { segments, shards, digest, peerIds }
}

/** A segment that failed is left to the others; where it failed everywhere, nobody will do it. */
function refuseFailed(statuses: NodeStatus[]): void {
  const [first, ...others] = statuses.map(({ failures }) => failures)
  const lost = first!.find(({ segment }) => others.every((all) => all.some((one) => one.segment === segment)))
  if (lost)
    throw new ShoalError(
      'demo_segment',
      `segment ${lost.segment} failed on every node (${lost.code}: ${lost.message})`,
    )
}
