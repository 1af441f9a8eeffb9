/**
 * A campaign shared out by claims, as a simulation of discrete events in virtual time. What nodes decide is decided
 * by `protocol/rules`: which segment next (assign), who holds it (select), whether a claim is taken in (admit).
 *
 * Modelled:
 * - nodes join within ten minutes and know the peers whose claims have reached them; they take 20 to 60 minutes a
 *   segment, each at its own speed; their clocks are up to a second off, one in ten of them up to a minute
 * - gossip: every record reaches every other node after that node's own delay (lognormal, median 0.5 s, 0.1 to 2 s)
 *   times 0.5 to 1.5, but for the share that is lost; nodes that are down, or cut off, get nothing
 * - sync: every 30 s each node learns all that one random peer knows, and on joining or coming back what three know;
 *   the same share of syncs fails, and those with peers that are down or cut off
 * - the DHT: before it starts, a node looks up who provides the segment's key and asks them; a lookup fails in 5 %
 *   of the cases and the lost share on top, sees what was provided 3 s ago or earlier, and gets answers of peers
 *   only that are up and not cut off
 * - leases, renewals, releases, contention; a node gives way as soon as it hears that the segment is another's
 * - a partition after two hours; deaths at any moment at a constant rate; half of the dead come back, after 30
 *   minutes on average, and go on from their checkpoint where their lease still holds
 *
 * Not modelled: signatures and bytes on the wire, the mesh that gossip takes its way through, queues and bandwidth,
 * nodes with several segments at once, hostile nodes, and a network in which nodes keep joining.
 */
import { createHash } from 'node:crypto'
import { cidOf } from '../../protocol/codec.ts'
import { admit } from '../../protocol/rules/admit.ts'
import { idleMs, makeRoster, pickSegment, type Roster } from '../../protocol/rules/assign.ts'
import type { Holding } from '../../protocol/rules/select.ts'
import { CLAIM_WINDOW_MS, CONTENTION_MS, LEASE_MS, RENEW_MS } from '../../protocol/timing.ts'
import { startAgenda } from './agenda.ts'
import { type Posting, startBoard } from './board.ts'
import { lognormal, startStream } from './chance.ts'
import { startSpread } from './spread.ts'

export interface Scenario {
  nodes: number
  segments: number
  seed: number
  /** share of messages lost */
  loss: number
  /** seconds that 30 % of the nodes are cut off from the others */
  partition: number
  /** share of the nodes that dies in an hour */
  churn: number
}

export interface Outcome {
  /** share of the segments that somebody began while another was at work on it or had done it */
  duplicates: number
  /** segments without a shard */
  unfinished: number
  /** whether all nodes that are up see every segment alike, after the partition and at the end */
  sameWinners: boolean
  /** records published per second, each of which every node takes in */
  messagesPerSecond: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = 1_000_000_000
const JOIN_MS = 10 * MINUTE
const PARTITION_AFTER_MS = 2 * HOUR
const PARTITION_SHARE = 0.3
/** From then on a record is taken to be known to all. */
const SETTLE_MS = 5 * MINUTE
/** After a partition, and at the end, nodes have this long until they are compared. */
const HEAL_MS = 10 * MINUTE
const PROVIDE_MS = 3_000
const LOOKUP_FAILS = 0.05
const RETURN_SHARE = 0.5
const RETURN_MS = 30 * MINUTE

type Task = 'join' | 'pick' | 'look' | 'renew' | 'end' | 'check' | 'die' | 'return' | 'compare'
interface Event {
  at: number
  task: Task
  node: number
  /** the event is void once the node's own has moved on */
  turn: number
}

interface Node {
  key: Uint8Array
  /** milliseconds its clock is ahead */
  skew: number
  /** milliseconds it takes for a segment */
  pace: number
  turn: number
  status: 'idle' | 'waiting' | 'working'
  segment: number
  lease: { seq: number; issued: number; expires: number }
  /** milliseconds of work left, and since when it has been at it */
  left: number
  since: number
  shards: number
  seqs: Map<number, number>
  claimTimes: number[]
  /** its first record, which makes it known as active */
  first: Posting | null
}

export function simulateClaims(scenario: Scenario, report: (line: string) => void = () => {}): Outcome {
  const { segments, loss } = scenario
  const random = startStream(scenario.seed)
  const between = (low: number, high: number) => low + (high - low) * random()
  const partition =
    scenario.partition > 0
      ? {
          from: START + PARTITION_AFTER_MS,
          to: START + PARTITION_AFTER_MS + 1000 * scenario.partition,
          share: PARTITION_SHARE,
        }
      : null

  const nodes = Array.from({ length: scenario.nodes }, (_, i): Node => {
    const reach = random() < 0.1 ? MINUTE : 1000
    return {
      key: new Uint8Array(createHash('sha256').update(`${scenario.seed} ${i}`).digest()),
      skew: Math.round(between(-reach, reach)),
      pace: between(20 * MINUTE, 60 * MINUTE),
      turn: 0,
      status: 'idle',
      segment: -1,
      lease: { seq: 0, issued: 0, expires: 0 },
      left: 0,
      since: 0,
      shards: 0,
      seqs: new Map(),
      claimTimes: [],
      first: null,
    }
  })
  const delays = Float64Array.from(nodes, () => Math.min(2000, Math.max(100, lognormal(random, 500, 0.6))))
  const spread = startSpread({ seed: scenario.seed, nodes: nodes.length, loss, partition }, delays)
  const board = startBoard(segments, spread.knows)
  const agenda = startAgenda<Event>()
  const everybody = makeRoster(nodes.map(({ key }) => key))
  const placeOf = new Map(nodes.map(({ key }, i) => [key.join(), i]))
  const order = everybody.keys.map((key) => placeOf.get(key.join())!)
  /** who waits for a segment or is at work on it, and who is at work */
  const busy = new Map<number, Set<number>>()
  const doubled = new Set<number>()
  const done = new Set<number>()
  const block = cidOf(new Uint8Array())
  let now = START
  let messages = 0
  let refused = 0
  const allKnownAfter = START + JOIN_MS + SETTLE_MS
  let lastDone = START
  let sameWinners = true

  const clock = (node: Node) => Math.round(now + node.skew)
  const schedule = (delay: number, task: Task, node: number) =>
    agenda.add({ at: now + delay, task, node, turn: nodes[node]!.turn })

  /** The peers that this node counts as active. */
  function rosterOf(node: number): Roster {
    if (now >= allKnownAfter) return everybody
    const places = order.flatMap((other, place) => {
      const { first } = nodes[other]!
      return first !== null && spread.knows(node, first, now) ? [place] : []
    })
    const seeds = new Uint32Array(2 * places.length)
    places.forEach((place, i) => void seeds.set(everybody.seeds.subarray(2 * place, 2 * place + 2), 2 * i))
    return { keys: places.map((place) => everybody.keys[place]!), seeds }
  }

  function post(node: number, content: { claim: Node['lease'] } | { shard: { seq: number } }): Posting {
    const me = nodes[node]!
    const message = { id: messages++, author: node, at: now }
    const posting: Posting =
      'claim' in content
        ? { ...message, claim: { ...content.claim, peer: me.key } }
        : { ...message, shard: { ...content.shard, peer: me.key, manifest: block } }
    const cut = partition !== null && now >= partition.from && now < partition.to
    board.add(me.segment, posting, (cut ? partition.to + SETTLE_MS : now) + SETTLE_MS)
    me.first ??= posting
    for (const other of busy.get(me.segment) ?? []) if (other !== node) listen(other, posting)
    return posting
  }

  /** Let a node look at its segment when it hears of a rival's record. */
  function listen(node: number, posting: Posting): void {
    const due = spread.arrival(posting, node)
    schedule((due === Infinity ? spread.nextSync(node, now) : due) - now, 'check', node)
  }

  function postClaim(node: number, lease: Node['lease']): void {
    const me = nodes[node]!
    me.lease = lease
    me.seqs.set(me.segment, lease.seq)
    judge(me)
    post(node, { claim: lease })
  }

  /** No honest claim is refused: as a random other node's clock would have it. */
  function judge(me: Node): void {
    me.claimTimes = me.claimTimes.filter((at) => at > now - CLAIM_WINDOW_MS)
    const { verdict } = admit(
      {
        kind: 'claim',
        id: block,
        value: { campaign: block, segment: me.segment, peer: me.key, ...me.lease },
      },
      {
        now: clock(nodes[Math.floor(random() * nodes.length)]!),
        campaign: { sources: [{ count: segments, parts: 1 }], trust: { mode: 'open', operators: [] } },
        newest: null,
        recentClaims: me.claimTimes.length,
        sameSeq: [],
      },
    )
    me.claimTimes.push(now)
    if (verdict !== 'accept') refused++
  }

  const holds = (holding: Holding, node: number) =>
    holding.state === 'held' && placeOf.get(holding.peer.join()) === node
  const view = (node: number) => board.view(nodes[node]!.segment, node, now, clock(nodes[node]!))

  function settleOn(node: number, segment: number): void {
    nodes[node]!.segment = segment
    const others = busy.get(segment) ?? new Set()
    busy.set(segment, others.add(node))
  }

  function leave(node: number): void {
    const me = nodes[node]!
    me.turn++
    me.status = 'idle'
    const others = busy.get(me.segment)
    others?.delete(node)
    if (others?.size === 0) busy.delete(me.segment)
  }

  function giveWay(node: number): void {
    const { lease } = nodes[node]!
    leave(node)
    const issued = clock(nodes[node]!)
    postClaim(node, { seq: lease.seq + 1, issued, expires: issued })
    schedule(0, 'pick', node)
  }

  function startWork(node: number): void {
    const me = nodes[node]!
    const others = [...busy.get(me.segment)!].filter((other) => nodes[other]!.status === 'working')
    if (others.length > 0 || done.has(me.segment)) doubled.add(me.segment)
    me.status = 'working'
    me.since = now
    schedule(me.left, 'end', node)
    schedule(Math.max(0, me.lease.issued - clock(me) + RENEW_MS), 'renew', node)
  }

  function lookUp(node: number): void {
    if (random() < LOOKUP_FAILS + loss) return
    for (const posting of board.postings(nodes[node]!.segment)) {
      const { author, at } = posting
      if (author === node || at + PROVIDE_MS > now) continue
      if (spread.isUp(author, now) && !spread.isCut(node, author, now)) spread.tell(node, posting)
    }
  }

  const tasks: Record<Task, (node: number) => void> = {
    join(node) {
      spread.turn(node, now)
      schedule(1000, 'pick', node)
      dieSome(node)
    },

    pick(node) {
      const me = nodes[node]!
      const peers = rosterOf(node)
      const isFree = (segment: number) => board.isFree(segment, node, now, clock(me))
      const segment = pickSegment({ segmentCount: segments, isFree, peers, self: me.key, random })
      if (segment === null) return schedule(idleMs(peers.keys.length, random), 'pick', node)
      me.turn++
      me.status = 'waiting'
      me.left = me.pace * between(0.9, 1.1)
      settleOn(node, segment)
      const issued = clock(me)
      postClaim(node, { seq: (me.seqs.get(segment) ?? -1) + 1, issued, expires: issued + LEASE_MS })
      schedule(CONTENTION_MS, 'look', node)
    },

    look(node) {
      if (holds(view(node), node)) lookUp(node)
      if (holds(view(node), node)) startWork(node)
      else giveWay(node)
    },

    check(node) {
      const me = nodes[node]!
      if (!holds(view(node), node)) return giveWay(node)
      const missed = board.postings(me.segment).some((posting) => !spread.knows(node, posting, now))
      if (missed) schedule(spread.nextSync(node, now) - now, 'check', node)
    },

    renew(node) {
      const me = nodes[node]!
      if (!holds(view(node), node)) return giveWay(node)
      postClaim(node, { ...me.lease, seq: me.lease.seq + 1, expires: clock(me) + LEASE_MS })
      schedule(RENEW_MS, 'renew', node)
    },

    end(node) {
      const me = nodes[node]!
      leave(node)
      done.add(me.segment)
      if (done.size === segments) lastDone = now
      post(node, { shard: { seq: me.shards++ } })
      schedule(0, 'pick', node)
    },

    die(node) {
      const me = nodes[node]!
      const wasWorking = me.status === 'working'
      leave(node)
      me.left = wasWorking ? Math.max(0, me.left - (now - me.since)) : -1
      spread.turn(node, now)
      if (random() < RETURN_SHARE) schedule(exponential(RETURN_MS), 'return', node)
    },

    return(node) {
      const me = nodes[node]!
      me.turn++
      spread.turn(node, now)
      dieSome(node)
      if (me.left < 0) return schedule(1000, 'pick', node)
      if (clock(me) >= me.lease.expires || !holds(view(node), node)) return giveWay(node)
      settleOn(node, me.segment)
      startWork(node)
      tasks.renew(node)
    },

    compare() {
      const before = now - HEAL_MS
      const up = nodes.flatMap((_, node) => (spread.isUp(node, now) ? [node] : []))
      for (let segment = 0; segment < segments && sameWinners; segment++) {
        const postings = board.postings(segment).filter(({ at }) => at <= before)
        const truth = JSON.stringify(board.truth(segment, before, now))
        const differs = (node: number) =>
          !postings.every((posting) => spread.knows(node, posting, now)) &&
          JSON.stringify(board.view(segment, node, now, now)) !== truth
        if (up.some(differs)) sameWinners = false
      }
    },
  }

  const exponential = (mean: number) => -mean * Math.log(1 - random())

  /** Deaths come at a constant rate, whatever the node is at: their events stay valid as its turns go by. */
  function dieSome(node: number): void {
    if (scenario.churn === 0) return
    const rate = -Math.log(1 - scenario.churn)
    agenda.add({ at: now + exponential(HOUR / rate), task: 'die', node, turn: ANY_TURN })
  }

  nodes.forEach((_, node) => void agenda.add({ at: START + JOIN_MS * random(), task: 'join', node, turn: 0 }))
  if (partition !== null) agenda.add({ at: partition.to + HEAL_MS, task: 'compare', node: 0, turn: ANY_TURN })
  let told = START
  for (let event = agenda.next(); event !== undefined; event = agenda.next()) {
    if (done.size === segments && event.at > Math.max(lastDone, partition?.to ?? 0) + HEAL_MS) break
    now = event.at
    if (event.turn !== ANY_TURN && event.turn !== nodes[event.node]!.turn) continue
    tasks[event.task](event.node)
    if (now - told > 10 * MINUTE) {
      told = now
      report(
        `${((now - START) / HOUR).toFixed(2)} h: ${done.size} done, ${doubled.size} doubled, ${messages} messages`,
      )
    }
  }
  tasks.compare(0)
  if (refused > 0) report(`${refused} honest claims refused`)
  return {
    duplicates: doubled.size / segments,
    unfinished: segments - done.size,
    sameWinners,
    messagesPerSecond: messages / ((lastDone - START) / 1000),
  }
}

const ANY_TURN = -1
