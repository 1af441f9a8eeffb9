import { chanceOf } from './chance.ts'

/** A record on its way: who published it, and when. */
export interface Message {
  id: number
  author: number
  at: number
}

/** The network's faults. Times are milliseconds. */
export interface Weather {
  seed: number
  nodes: number
  /** share of gossip deliveries, and of syncs, that fail */
  loss: number
  /** while it lasts, the first `share` of the nodes and the others don't hear each other */
  partition: { from: number; to: number; share: number } | null
}

const SYNC_MS = 30_000
/** Peers that a node syncs with when it joins or comes back. */
const FIRST_SYNCS = 3

/**
 * Who knows a record when, reckoned when it is asked for: nothing is stored per node and record. A node knows what
 * gossip brought it, and what a node it has synced with knew at that time.
 */
export function startSpread({ seed, nodes, loss, partition }: Weather, delays: Float64Array) {
  /** by node: when it went up, down, up… */
  const turns: number[][] = Array.from({ length: nodes }, () => [])
  /** what nodes were told in other ways, `message * nodes + node` */
  const told = new Set<number>()
  const split = partition === null ? 0 : Math.floor(partition.share * nodes)

  const isCut = (a: number, b: number, at: number) =>
    partition !== null && at >= partition.from && at < partition.to && a < split !== b < split

  function isUp(node: number, at: number): boolean {
    const list = turns[node]!
    let i = list.length
    while (i > 0 && list[i - 1]! > at) i--
    return i % 2 === 1
  }

  /** When gossip brings it, or Infinity where it never does. */
  function arrival({ id, author, at }: Message, node: number): number {
    if (node === author) return at
    if (loss > 0 && chanceOf(seed, id, node) < loss) return Infinity
    if (isCut(author, node, at)) return Infinity
    const due = at + delays[node]! * (0.5 + chanceOf(seed + 1, id, node))
    return isUp(node, due) ? due : Infinity
  }

  const phase = (node: number) => SYNC_MS * chanceOf(seed + 2, node, 0)
  const syncTime = (node: number, round: number) => phase(node) + round * SYNC_MS
  const lastRound = (node: number, at: number) => Math.floor((at - phase(node)) / SYNC_MS)

  /** Whether this node knew it through a sync with a partner chosen by `chance`. */
  function syncedWith(chance: number, node: number, message: Message, at: number): boolean {
    const partner = Math.floor(chance * nodes)
    if (partner === node || !isUp(partner, at) || isCut(node, partner, at)) return false
    return knows(partner, message, at)
  }

  function knows(node: number, message: Message, at: number): boolean {
    if (at < message.at) return false
    if (arrival(message, node) <= at) return true
    if (told.size > 0 && told.has(message.id * nodes + node)) return true
    let since = message.at
    if (isCut(message.author, node, message.at)) {
      if (at < partition!.to) return false
      since = partition!.to
    }
    for (let round = lastRound(node, at); syncTime(node, round) >= since; round--) {
      const time = syncTime(node, round)
      if (!isUp(node, time) || (loss > 0 && chanceOf(seed + 3, node, round) < loss)) continue
      if (syncedWith(chanceOf(seed + 4, node, round), node, message, time)) return true
    }
    const list = turns[node]!
    for (let turn = 0; turn < list.length; turn += 2) {
      const time = list[turn]!
      if (time > at || time < since) continue
      for (let i = 0; i < FIRST_SYNCS; i++)
        if (syncedWith(chanceOf(seed + 5 + i, node, turn), node, message, time)) return true
    }
    return false
  }

  return {
    isCut,
    isUp,
    arrival,
    knows,
    /** From now on the node is up, or down if it was up. */
    turn(node: number, at: number): void {
      turns[node]!.push(at)
    },
    tell(node: number, message: Message): void {
      told.add(message.id * nodes + node)
    },
    nextSync: (node: number, at: number) => syncTime(node, lastRound(node, at) + 1),
  }
}
