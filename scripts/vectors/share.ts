import { createHash } from 'node:crypto'
import { cidOf, encode } from '../../protocol/codec.ts'
import { hex } from './spelling.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOON = 1_760_000_000_000
export const keyOf = (name: string) => new Uint8Array(createHash('sha256').update(name).digest())
/** By node's own sha256, apart from the code: what `precedence` is to give. */
const precedenceOf = (segment: number, peer: Uint8Array) => {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(segment)
  return createHash('sha256').update(number).update(peer).digest()
}

interface ClaimFields {
  peer: Uint8Array
  seq?: number
  issued?: number
  expires?: number
}

/** What is expected is written by hand; of three peers, `a` precedes `b` and `b` precedes `c` for segment 5. */
export function selectCases(): unknown[] {
  const [a, b, c] = ['alice', 'bob', 'carol']
    .map(keyOf)
    .sort((one, two) => Buffer.compare(precedenceOf(5, one), precedenceOf(5, two))) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const claim = ({ peer, seq = 0, issued = NOON, expires = issued + HOUR }: ClaimFields) => ({
    peer: hex(peer),
    seq,
    issued,
    expires,
  })
  const blocks = [1, 2]
    .map((n) => cidOf(encode({ block: n })))
    .sort((x, y) => Buffer.compare(x.bytes, y.bytes))
  const [low, high] = blocks.map(String) as [string, string]
  const shard = (peer: Uint8Array, seq = 0, manifest = low) => ({ peer: hex(peer), seq, manifest })
  const free = { state: 'free' }
  const held = (peer: Uint8Array, until = NOON + HOUR + 2 * MINUTE) => ({
    state: 'held',
    peer: hex(peer),
    until,
  })
  const done = (peer: Uint8Array, manifest = low) => ({ state: 'done', peer: hex(peer), manifest })
  const look = (
    comment: string,
    claims: object[],
    shards: object[],
    holding: object,
    now = NOON + MINUTE,
  ) => ({ comment, segment: 5, claims, shards, now, holding })

  const renewed = claim({ peer: b, seq: 1, expires: NOON + 80 * MINUTE })
  const given = claim({ peer: b, seq: 2, issued: NOON + 30_000, expires: NOON + 30_000 })
  return [
    look('nobody claimed it', [], [], free),
    look('one claim', [claim({ peer: b })], [], held(b)),
    look('the grace is not over', [claim({ peer: b })], [], held(b), NOON + HOUR + 2 * MINUTE - 1),
    look('the lease ran out', [claim({ peer: b })], [], free, NOON + HOUR + 2 * MINUTE),
    look('a clock two minutes behind', [claim({ peer: b })], [], held(b), NOON - 2 * MINUTE),
    look('a clock further behind', [claim({ peer: b })], [], free, NOON - 2 * MINUTE - 1),
    look('a renewal replaces its claim', [claim({ peer: b }), renewed], [], held(b, NOON + 82 * MINUTE)),
    look('a release, whatever came before', [given, renewed, claim({ peer: b })], [], free),
    look('a release frees at once', [given], [], free, NOON + 30_000),
    look('claimed again after a release', [given, claim({ peer: b, seq: 3 })], [], held(b)),
    look(
      'of two claims with one seq, the one that ends earlier',
      [claim({ peer: b }), claim({ peer: b, expires: NOON + 10 * MINUTE })],
      [],
      held(b, NOON + 12 * MINUTE),
    ),
    look(
      'of two claims with one seq and one end, the one that begins later',
      [
        claim({ peer: a, issued: NOON - 10, expires: NOON + HOUR }),
        claim({ peer: a }),
        claim({ peer: c, issued: NOON - 15_000 }),
      ],
      [],
      held(a),
    ),
    look(
      'at the same time: the lowest',
      [claim({ peer: c }), claim({ peer: a }), claim({ peer: b })],
      [],
      held(a),
    ),
    look(
      'within the window: the lowest',
      [claim({ peer: b }), claim({ peer: a, issued: NOON + 15_000 })],
      [],
      held(a, NOON + HOUR + 2 * MINUTE + 15_000),
    ),
    look(
      'after the window: the first',
      [claim({ peer: b }), claim({ peer: a, issued: NOON + 15_001 })],
      [],
      held(b),
    ),
    look(
      'the window is that of the first of all',
      [
        claim({ peer: c }),
        claim({ peer: b, issued: NOON + 10_000 }),
        claim({ peer: a, issued: NOON + 20_000 }),
      ],
      [],
      held(b, NOON + HOUR + 2 * MINUTE + 10_000),
    ),
    look(
      'the first gave it up, the window is that of the next',
      [given, claim({ peer: c, issued: NOON + 10_000 }), claim({ peer: a, issued: NOON + 25_000 })],
      [],
      held(a, NOON + HOUR + 2 * MINUTE + 25_000),
    ),
    look(
      'a renewal stays the incumbent',
      [renewed, claim({ peer: a, issued: NOON + 20 * MINUTE })],
      [],
      held(b, NOON + 82 * MINUTE),
      NOON + 21 * MINUTE,
    ),
    look(
      'the incumbent ran out, another goes on',
      [claim({ peer: b }), claim({ peer: c, issued: NOON + 20 * MINUTE })],
      [],
      held(c, NOON + 82 * MINUTE),
      NOON + 62 * MINUTE,
    ),
    look('a shard beats a claim', [claim({ peer: a })], [shard(c)], done(c)),
    look(
      'a shard stays when all leases are over',
      [claim({ peer: a })],
      [shard(c)],
      done(c),
      NOON + 24 * HOUR,
    ),
    look("of two peers' shards: the lowest peer", [], [shard(c), shard(b, 7, high)], done(b, high)),
    look("of one peer's shards: the latest", [], [shard(b, 3, high), shard(b, 2)], done(b, high)),
    look('of a fork: the lowest manifest', [], [shard(b, 3, high), shard(b, 3)], done(b)),
    ...[a, b, c].map((peer, i) => ({
      comment: `precedence ${i + 1}`,
      segment: 5,
      peer: hex(peer),
      precedence: hex(precedenceOf(5, peer)),
    })),
    {
      comment: 'precedence in the last segment there can be',
      segment: 2 ** 31 - 1,
      peer: hex(a),
      precedence: hex(precedenceOf(2 ** 31 - 1, a)),
    },
  ]
}

/** MurmurHash3's finaliser in plain arithmetic, apart from the code. */
function mix(word: bigint): bigint {
  let h = word ^ (word >> 16n)
  h = (h * 0x85ebca6bn) % 2n ** 32n
  h ^= h >> 13n
  h = (h * 0xc2b2ae35n) % 2n ** 32n
  return h ^ (h >> 16n)
}

function weightOf(segment: number, peer: Uint8Array): number {
  return weightBySeeds(segment, ...seedsOf(peer))
}

export function seedsOf(peer: Uint8Array): [number, number] {
  const digest = createHash('sha256').update(peer).digest()
  return [digest.readUInt32BE(0), digest.readUInt32BE(4)]
}

export function weightBySeeds(word: number, seed0: number, seed1: number): number {
  return Number(mix(mix(BigInt(word) ^ BigInt(seed0)) ^ BigInt(seed1)))
}

export function assignCases(): unknown[] {
  const peers = ['alice', 'bob', 'carol', 'dave'].map(keyOf)
  const weights = [0, 1, 89_999, 2 ** 31 - 1].flatMap((segment) =>
    peers.slice(0, 2).map((peer, i) => ({
      comment: `weight of peer ${i} for segment ${segment}`,
      segment,
      peer: hex(peer),
      weight: weightOf(segment, peer),
    })),
  )
  const owners = Array.from({ length: 8 }, (_, segment) => ({
    comment: `owner of segment ${segment}`,
    segment,
    peers: peers.map(hex),
    owner: hex(peers.reduce((a, b) => (weightOf(segment, a) > weightOf(segment, b) ? a : b))),
  }))
  return [
    ...weights,
    ...owners,
    { comment: 'nobody is active', segment: 0, peers: [], owner: null },
    { comment: 'one is active', segment: 0, peers: [hex(peers[0]!)], owner: hex(peers[0]!) },
  ]
}
