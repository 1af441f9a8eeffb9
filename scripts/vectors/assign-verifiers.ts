import { keyOf, seedsOf, weightBySeeds } from './share.ts'
import { hex } from './spelling.ts'

const MINUTE = 60_000
const DAY = 86_400_000

export function assignVerifierCases(): unknown[] {
  const peers = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'].map(keyOf)
  const [alice, bob] = peers as [Uint8Array, Uint8Array]
  const stranger = keyOf('mallory')
  return [
    choose("of a stranger's shard, all of them", 0, stranger, 20_000, peers, 10),
    choose('the first three', 7, stranger, 20_000, peers, 3),
    choose('the next day', 7, stranger, 20_001, peers, 3),
    choose('another segment', 8, stranger, 20_000, peers, 3),
    choose('another producer, who is no verifier of its own', 7, alice, 20_000, peers, 8),
    choose('the last segment there can be', 2 ** 31 - 1, bob, 20_000, peers, 3),
    choose('nobody but the producer', 7, alice, 20_000, [alice], 3),
    choose('nobody', 7, alice, 20_000, [], 3),
    delay('the first', 0, 3, 3, 0),
    delay('the last whose turn it is', 2, 3, 3, 0),
    delay('the first who steps in', 3, 3, 3, 10 * MINUTE),
    delay('the last who does', 6, 3, 3, 40 * MINUTE),
    delay('one further', 7, 3, 3, null),
    delay('where one verdict is enough: the second', 1, 1, 3, 10 * MINUTE),
    delay('where one verdict is enough: the last', 6, 1, 3, 60 * MINUTE),
    epoch('1970', 0, 0),
    epoch("a day's last millisecond", 20_000 * DAY - 1, 19_999),
    epoch("a day's first", 20_000 * DAY, 20_000),
  ]
}

function choose(
  comment: string,
  segment: number,
  producer: Uint8Array,
  epoch: number,
  peers: Uint8Array[],
  count: number,
) {
  const [seed0, seed1] = seedsOf(producer)
  const word = weightBySeeds(segment, seed0, (seed1 ^ epoch) >>> 0)
  const verifiers = peers
    .filter((peer) => hex(peer) !== hex(producer))
    .map((peer) => ({ peer: hex(peer), weight: weightBySeeds(word, ...seedsOf(peer)) }))
    .sort((a, b) => b.weight - a.weight || (a.peer < b.peer ? -1 : 1))
    .slice(0, count)
    .map(({ peer }) => peer)
  return { comment, segment, producer: hex(producer), epoch, peers: peers.map(hex), count, verifiers }
}

function delay(comment: string, rank: number, needed: number, verifiers: number, delay: number | null) {
  return { comment: `delay: ${comment}`, rank, needed, verifiers, delay }
}

function epoch(comment: string, now: number, epoch: number) {
  return { comment: `epoch: ${comment}`, now, epoch }
}
