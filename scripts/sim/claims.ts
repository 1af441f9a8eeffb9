/**
 * A campaign shared out by claims, as a simulation of discrete events in virtual time. What nodes decide is decided
 * by `protocol/rules`: which segment next (assign), who holds it (select), whether a claim is taken in (admit).
 *
 * Modelled:
 * - nodes join within ten minutes, and know the peers whose first claims have reached them or are a minute old; they
 *   take 20 to 60 minutes a segment, each at its own speed; clocks are up to a second off, one in ten up to a minute
 * - gossip: every record reaches every other node after that node's own delay (lognormal, median 0.5 s, 0.1 to 2 s)
 *   times 0.5 to 1.5, but for the share that is lost; nodes that are down, or cut off, get nothing
 * - sync: every 30 s each node learns all that one random peer knows, and on joining or coming back what three know;
 *   the same share of syncs fails, and those with peers that are down or cut off
 * - the DHT: before it starts, a node looks up who provides the segment's key and asks them; a lookup fails in 5 %
 *   of the cases and the lost share on top, sees what was provided 3 s ago or earlier, and gets answers of peers
 *   only that are up and not cut off
 * - what a node can claim is judged by what it knows, where records are five minutes old by what was published: by
 *   then a node in a million lacks one; what it looks at before it starts and while it works is what it knows
 * - leases, renewals, releases, contention; a node gives way as soon as it hears that the segment is another's
 * - a partition after two hours; deaths at any moment at a constant rate; half of the dead come back, after 30
 *   minutes on average, and go on from their checkpoint where their lease still holds
 *
 * Not modelled: signatures and bytes on the wire, the mesh that gossip takes its way through, queues and bandwidth,
 * nodes with several segments at once, hostile nodes, and a network in which nodes keep joining.
 */
import { cidOf } from '../../protocol/codec.ts'
import { idleMs, pickSegment, type Roster } from '../../protocol/rules/assign.ts'
import type { Holding } from '../../protocol/rules/select.ts'
import { CONTENTION_MS, LEASE_MS, QUIET_MS, RENEW_MS } from '../../protocol/timing.ts'
import { startAdmission } from './admission.ts'
import { startAgenda } from './agenda.ts'
import { type Posting, startBoard } from './board.ts'
import { lognormal, startStream } from './chance.ts'
import { type Outcome, partitionOf, type Scenario } from './scenario.ts'
import { startSpread } from './spread.ts'
import { makeVolunteers, startRegister, type Volunteer } from './volunteers.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = 1_000_000_000
const JOIN_MS = 10 * MINUTE
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

export function simulateClaims(scenario: Scenario, report: (line: string) => void = () => {}): Outcome {
  const { segments, loss } = scenario
  const random = startStream(scenario.seed)
  const between = (low: number, high: number) => low + (high - low) * random()
  const partition = partitionOf(scenario, START)
  const nodes = makeVolunteers(scenario.seed, scenario.nodes, random)
  const { everybody, find, rosterOf } = startRegister(nodes)
  const delays = Float64Array.from(nodes, () => Math.min(2000, Math.max(100, lognormal(random, 500, 0.6))))
  const spread = startSpread({ seed: scenario.seed, nodes: nodes.length, loss, partition }, delays)
  const board = startBoard(segments, spread.knows)
  const agenda = startAgenda<Event>()
  /** who waits for a segment or is at work on it, and who is at work */
  const busy = new Map<number, Set<number>>()
  const doubled = new Set<number>()
  const done = new Set<number>()
  const block = cidOf(new Uint8Array())
  const admission = startAdmission(segments, block)
  let now = START
  let messages = 0
  const allKnownAfter = START + JOIN_MS + SETTLE_MS
  let lastDone = START
  let sameWinners = true

  const clock = (node: Volunteer) => Math.round(now + node.skew)
  const schedule = (delay: number, task: Task, node: number) =>
    agenda.add({ at: now + delay, task, node, turn: nodes[node]!.turn })

  /** The peers that this node counts as active. */
  function peersOf(node: number): Roster {
    if (now >= allKnownAfter) return everybody
    return rosterOf((other) => {
      const { first } = nodes[other]!
      return first !== null && (now - first.at > MINUTE || spread.knows(node, first, now))
    })
  }

  function post(node: number, content: { claim: Volunteer['lease'] } | { shard: { seq: number } }): Posting {
    const me = nodes[node]!
    const message = { id: messages++, author: node, at: now }
    const posting: Posting =
      'claim' in content
        ? { ...message, claim: { ...content.claim, peer: me.key } }
        : { ...message, shard: { ...content.shard, peer: me.key, manifest: block } }
    const cut = partition !== null && now >= partition.from && now < partition.to
    board.add(me.segment, posting, (cut ? partition.to + SETTLE_MS : now) + SETTLE_MS)
    me.first ??= posting
    me.latest = [posting, ...me.latest.slice(0, 3)]
    for (const other of busy.get(me.segment) ?? []) if (other !== node) listen(other, posting)
    return posting
  }

  /** Let a node look at its segment when it hears of a rival's record. */
  function listen(node: number, posting: Posting): void {
    const due = spread.arrival(posting, node)
    schedule((due === Infinity ? spread.nextSync(node, now) : due) - now, 'check', node)
  }

  function postClaim(node: number, lease: Volunteer['lease']): void {
    const me = nodes[node]!
    me.lease = lease
    me.seqs.set(me.segment, lease.seq)
    admission.judge(me, now, clock(nodes[Math.floor(random() * nodes.length)]!))
    post(node, { claim: lease })
  }

  const holds = (holding: Holding, node: number) => holding.state === 'held' && find(holding.peer) === node
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
      if (!board.isAnyFree(node, now, clock(me))) return schedule(idleMs(nodes.length, random), 'pick', node)
      const peers = peersOf(node)
      const isFree = (segment: number) => board.isFree(segment, node, now, clock(me))
      const isHeard = (peer: Uint8Array) =>
        nodes[find(peer)!]!.latest.some(
          (posting) => now - posting.at < QUIET_MS && spread.knows(node, posting, now),
        )
      const segment = pickSegment({ segmentCount: segments, isFree, isHeard, peers, self: me.key, random })
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
      if (!done.has(me.segment)) lastDone = now
      done.add(me.segment)
      post(node, { shard: { seq: me.shards++ } })
      schedule(0, 'pick', node)
    },

    die(node) {
      const me = nodes[node]!
      if (me.status === 'working') me.left = Math.max(0, me.left - (now - me.since))
      if (me.status === 'idle') me.left = -1
      leave(node)
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
      const settled = nodes.flatMap((_, node) =>
        spread.isUp(node, now) && spread.isUp(node, now - SETTLE_MS) ? [node] : [],
      )
      sameWinners &&= board.agree(settled, now - HEAL_MS, now)
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
  now = Math.max(lastDone, partition?.to ?? 0) + HEAL_MS
  tasks.compare(0)
  if (admission.refused > 0) report(`${admission.refused} honest claims refused`)
  return {
    duplicates: doubled.size / segments,
    unfinished: segments - done.size,
    sameWinners,
    messagesPerSecond: messages / ((lastDone - START) / 1000),
  }
}

const ANY_TURN = -1
