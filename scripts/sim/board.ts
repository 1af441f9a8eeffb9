import type { CID } from 'multiformats/cid'
import type { Claim } from '../../protocol/records/claim.ts'
import { type Holding, select } from '../../protocol/rules/select.ts'
import type { Message } from './spread.ts'

/** A claim or a shard as the rules read them, and its way through the network. */
export type Posting = Message &
  ({ claim: Pick<Claim, 'peer' | 'seq' | 'issued' | 'expires'> } | { shard: Shard })

interface Shard {
  peer: Uint8Array
  seq: number
  manifest: CID
}

/** All records of one segment, and what somebody who knows all of them sees. */
interface Slot {
  postings: Posting[]
  /** from then on every node knows all of them, but for one in a million */
  settled: number
  /** held, as those who know all see it, until then; 0 where that is not known to be so */
  heldUntil: number
}

/**
 * The records of every segment, and how one node sees a segment. Nearly always it knows all that there is to know:
 * what all see is kept, and only where it has missed a record is `select` asked again.
 */
export function startBoard(segments: number, knows: (node: number, message: Message, at: number) => boolean) {
  const slots: (Slot | undefined)[] = Array.from({ length: segments })

  /** those that are not done, and known to all to be so */
  const rest = Array.from({ length: segments }, (_, segment) => segment)

  function look({ postings }: { postings: readonly Posting[] }, segment: number, now: number): Holding {
    return select(segment, recordsOf(postings), now)
  }

  /** As a node sees it that knows what it knows. */
  function view(segment: number, node: number, at: number, now: number): Holding {
    const postings = (slots[segment]?.postings ?? []).filter((posting) => knows(node, posting, at))
    return look({ postings }, segment, now)
  }

  /** Whether a node whose clock shows `now` sees it free. */
  function isFree(segment: number, node: number, at: number, now: number): boolean {
    const slot = slots[segment]
    if (slot === undefined) return true
    if (at < slot.settled && !slot.postings.every((posting) => knows(node, posting, at)))
      return view(segment, node, at, now).state === 'free'
    if (now < slot.heldUntil) return false
    const holding = look(slot, segment, now)
    if (holding.state !== 'free') slot.heldUntil = holding.state === 'done' ? Infinity : holding.until
    return holding.state === 'free'
  }

  return {
    postings: (segment: number): readonly Posting[] => slots[segment]?.postings ?? [],

    add(segment: number, posting: Posting, settled: number): void {
      const slot = (slots[segment] ??= { postings: [], settled: 0, heldUntil: 0 })
      slot.postings.push(posting)
      slot.settled = Math.max(slot.settled, settled)
      slot.heldUntil = 0
    },

    isFree,

    /** Whether the node sees any free: what `pickSegment` would find out, sooner. */
    isAnyFree(node: number, at: number, now: number): boolean {
      for (let i = 0; i < rest.length; ) {
        const slot = slots[rest[i]!]
        if (slot !== undefined && slot.heldUntil === Infinity && at >= slot.settled) {
          rest[i] = rest.at(-1)!
          rest.pop()
        } else if (isFree(rest[i]!, node, at, now)) return true
        else i++
      }
      return false
    },

    view,

    /**
     * Whether these nodes see the segments alike, by what was published until `before`: all nodes those that several
     * peers claimed, and each tenth node, in turns, the others.
     */
    agree(nodes: readonly number[], before: number, now: number): boolean {
      return slots.every((slot, segment) => {
        const postings = slot?.postings.filter(({ at }) => at <= before) ?? []
        const isContested = postings.some(({ author }) => author !== postings[0]!.author)
        const shards = postings.filter((posting) => 'shard' in posting)
        // where there is a shard, claims are of no matter
        const decisive = shards.length > 0 ? shards : postings
        const truth = JSON.stringify(look({ postings }, segment, now))
        return nodes.every((node) => {
          if (!isContested && (node + segment) % 10 !== 0) return true
          if (decisive.every((posting) => knows(node, posting, now))) return true
          const known = postings.filter((posting) => knows(node, posting, now))
          return JSON.stringify(look({ postings: known }, segment, now)) === truth
        })
      })
    },
  }
}

function recordsOf(postings: readonly Posting[]) {
  const claims = postings.flatMap((posting) => ('claim' in posting ? [posting.claim] : []))
  const shards = postings.flatMap((posting) => ('shard' in posting ? [posting.shard] : []))
  return { claims, shards }
}
