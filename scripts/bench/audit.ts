import { makeRoster } from '../../protocol/rules/assign.ts'
import { chooseVerifiers } from '../../protocol/rules/assign-verifiers.ts'
import type { Ballot, Vote } from '../../protocol/rules/quorum.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import { type AuditedShard, defaultPolicy, tally } from '../../protocol/rules/standing.ts'
import { startStream } from '../sim/chance.ts'
import { median } from './extract.ts'

const SHARDS = 100_000
const PEERS = 1_000
const VERIFIERS = 3
const ROWS = 135
const DAYS = 30
const FIRST_DAY = 20_000
/** One shard in so many is forged: its verifiers accuse it. */
const FORGED_EACH = 200
const ROUNDS = 3

/**
 * The tally of a ledger with a hundred thousand shards: three verdicts each by those whose turn it was among a thousand
 * verifiers, some shards forged by a few of the peers.
 *
 * @returns seconds, the median of some rounds, and how many verdicts a second that is
 */
export async function benchAudit(
  shardCount = SHARDS,
): Promise<{ tallySeconds: number; verdictsPerSecond: number; verified: number; refused: number }> {
  const random = startStream(1)
  const peers = Array.from({ length: PEERS }, () =>
    Uint8Array.from({ length: 32 }, () => Math.floor(256 * random())),
  ).sort(compareBytes)
  const roster = makeRoster(peers)
  const shards = Array.from({ length: shardCount }, (_, segment): AuditedShard => {
    const isForged = segment % FORGED_EACH === 0
    // forgers are few, and forge now and then
    const producer = isForged ? (segment / FORGED_EACH) % 10 : 10 + (segment % (PEERS - 10))
    const epoch = FIRST_DAY + Math.floor((DAYS * segment) / shardCount)
    const audit = { segment, producer: peers[producer]!, epoch }
    const first = chooseVerifiers(audit, roster, VERIFIERS)
    return {
      producer,
      segment,
      seq: segment,
      ballots: first.map((verifier, i) => makeBallot(verifier, epoch, isForged, i, random)),
    }
  })
  const input = { peers, shards, verifiers: VERIFIERS, policy: defaultPolicy({ verifiers: VERIFIERS }) }
  const seconds: number[] = []
  let states: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    states = tally(input).shards.map(({ state }) => state)
    seconds.push((performance.now() - start) / 1000)
  }
  const count = (wanted: string) => states.filter((state) => state === wanted).length
  return {
    tallySeconds: median(seconds),
    verdictsPerSecond: (VERIFIERS * shardCount) / median(seconds),
    verified: count('verified'),
    refused: count('refused'),
  }
}

function makeBallot(
  verifier: number,
  epoch: number,
  isForged: boolean,
  row: number,
  random: () => number,
): Ballot {
  const votes: Vote[] = isForged
    ? [{ frame: 'kept', row, forged: true, isRecheck: false, device: 'cpu/fp32' }]
    : []
  return {
    verifier,
    epoch,
    ruling: isForged ? 'forged' : 'good',
    rows: ROWS,
    unverifiable: Math.floor(ROWS * 0.2 * random()),
    votes,
  }
}
