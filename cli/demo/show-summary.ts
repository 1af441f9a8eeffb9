import type { ShardDetails } from '../../node/components.ts'
import type { ShardStanding } from '../../node/daemon/daemon.ts'
import { formatCount, formatSeconds } from '../numbers.ts'
import type { Output } from '../output.ts'
import { suggest } from '../suggest.ts'
import { addNumbers, showOutcomes, showSamples } from '../summary.ts'
import type { Caught } from './catch-cheats.ts'
import type { ShownCheat } from './cheats/names.ts'
import { showCaught } from './show-caught.ts'

const SAMPLES = 5
/** Of a peer's name, what two peers never share in practice. */
const LAST_CHARACTERS = 8

/** What came of the demo: the last line of `--json`. */
export interface DemoResult {
  campaign: string
  candidates: number
  pairs: number
  outcomes: ShardDetails['outcomes']
  counts: ShardDetails['counts']
  /**
   * whether every segment has a shard that verifiers found good, every node has checked all of those, all ledgers are
   * the same, and whoever cheated was caught
   */
  verified: boolean
  nodes: {
    peerId: string
    /** those that it has done */
    segments: number[]
    /** of its ledger, over all records of the campaign */
    digest: string
    /** shards of others that it got from them and checked */
    fetched: number
    /** how it cheated, or null */
    cheat: ShownCheat | null
  }[]
  /** those that are not refused, one a segment */
  shards: ShardDetails[]
  /** all shards, and what verifiers said of them */
  states: Pick<ShardStanding, 'segment' | 'manifest' | 'producer' | 'state' | 'verdicts'>[]
  /** the refused ones */
  caught: Caught[]
  seconds: number
}

/** Add up what the nodes have made. */
export function addUpDemo(
  shards: ShardDetails[],
  nodes: DemoResult['nodes'],
  { states, caught }: { states: readonly ShardStanding[]; caught: Caught[] },
  { campaign, seconds }: { campaign: string; seconds: number },
): DemoResult {
  const counts = addNumbers(shards.map((shard) => shard.counts))
  const isGood = (shard: ShardDetails) =>
    shard.verified &&
    states.some(({ manifest, state }) => manifest === shard.manifest && state === 'verified')
  const isCaught = ({ cheat, peerId }: DemoResult['nodes'][number]) =>
    cheat === null ||
    caught.some(({ producer, contradictions }) => producer === peerId && contradictions === 0)
  const foreign = ({ segments }: DemoResult['nodes'][number]) => shards.length - segments.length
  return {
    campaign,
    candidates: counts.candidates ?? 0,
    pairs: shards.reduce((sum, { pairs }) => sum + pairs, 0),
    outcomes: addNumbers(shards.map(({ outcomes }) => outcomes)),
    counts: counts as DemoResult['counts'],
    verified:
      shards.length > 0 &&
      shards.every(isGood) &&
      nodes.every(isCaught) &&
      nodes.every((node) => node.fetched === foreign(node) && node.digest === nodes[0]!.digest),
    states: states.map(({ segment, manifest, producer, state, verdicts }) => ({
      ...{ segment, manifest, producer, state, verdicts },
    })),
    ...{ nodes, shards, caught, seconds },
  }
}

/**
 * For a reader who sees Shoal for the first time.
 *
 * @param dataDir - of one of the nodes
 */
export function showSummary(output: Output, result: DemoResult, dataDir: string): void {
  const { counts, nodes, shards } = result
  const { campaign, candidates, pairs, seconds } = result
  output.heading('What the nodes have done')
  output.print(
    `${formatCount(counts.htmlPages)} pages with ${formatCount(counts.imgs)} images; ` +
      `${formatCount(candidates)} have a text: the candidates`,
  )
  output.print(`${formatCount(pairs)} of them kept, in ${formatSeconds(seconds)}`)
  if (counts.badRecords > 0)
    output.print(`${formatCount(counts.badRecords)} malformed or truncated records were stepped over`)
  output.print()
  output.table(
    [
      { title: 'node' },
      { title: 'peer' },
      { title: 'segments it did' },
      { title: "the others' shards it got and checked" },
    ],
    nodes.map(({ peerId, segments, fetched, cheat }, i) => [
      `node ${i + 1}`,
      `…${peerId.slice(-LAST_CHARACTERS)}`,
      segments.join(', ') || (cheat === null ? 'none' : 'none: a cheat'),
      `${fetched} of ${shards.length - segments.length}`,
    ]),
  )
  output.print()
  showCaught(output, result)
  showOutcomes(output, result.outcomes)
  const samples = shards.flatMap((shard) => shard.samples).sort((a, b) => b.similarity - a.similarity)
  showSamples(output, samples, SAMPLES)
  output.print()
  output.heading(
    result.verified ? `The ledgers of all ${nodes.length} nodes have the same digest` : 'NOT VERIFIED',
  )
  for (const digest of new Set(nodes.map((node) => node.digest))) output.print(`  ${digest}`)
  output.heading('The campaign')
  output.print(`  ${campaign}`)
  output.heading('Its shards, each verified and on all nodes now')
  for (const { segment, manifest } of shards) output.print(`  ${segment}  ${manifest}`)
  output.heading('Their pairs and outcomes as Parquet files, a folder each')
  output.print(`  ${shards[0]?.files['pairs.parquet']?.path}`)
  output.print()
  output.heading('Next')
  const cid = shards.find((shard) => shard.pairs > 0)?.manifest
  output.print(`  ${suggest(`shard show ${cid}`, dataDir)}`)
  output.print(`  ${suggest(`export ${cid} --format laion5b`, dataDir)}`)
}
