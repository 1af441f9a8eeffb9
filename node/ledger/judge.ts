import { setImmediate, setTimeout } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import PQueue from 'p-queue'
import { ShoalError } from '../../protocol/errors.ts'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import { defaultPolicy, type Policy } from '../../protocol/rules/standing.ts'
import { DIGEST_BYTES } from '../../protocol/sync/fingerprints.ts'
import type { Store } from '../store/store.ts'
import { startThreads } from '../threads.ts'
import { shardOf } from './holdings.ts'
import { type Judgements, viewJudgements } from './judgements.ts'
import type { Joined, Memory } from './load.ts'
import { unpackResult } from './pack-result.ts'
import { SHARD, VERDICT } from './rows.ts'
import { STATES } from './states.ts'
import { joinEnvelopes, type Snapshot, type Tallied, tallyRows } from './tally-rows.ts'

/** A shard whose state is another than before. */
export interface StateChange {
  campaign: CID
  /** of the shard's record */
  id: CID
  manifest: CID
  segment: number
  /** the producer */
  peer: Uint8Array
  before: ShardState
  state: ShardState
}

/** Shards and verdicts that are tallied on the spot, in some 20 ms; more are in a thread. */
const MAX_ON_SPOT = 2_000
/** A tally begins so soon after a record has come, that those that come with it are in it too. */
const SOON_MS = 50
/** Between two tallies of a campaign at least, and as a multiple of what the last took: less where somebody waits. */
const PAUSE_MS = 300
const PAUSE_SHARE = 15
const ASKED_SHARE = 4
/** How often it is looked whether somebody waits by now. */
const LOOK_MS = 100
/** A thread that has no work for so long gives its memory back. */
const IDLE_MS = 30_000
/** Envelopes that are read at once, and states that are written, before others have their turn. */
const READ_AT_ONCE = 1_000
const APPLIED_AT_ONCE = 500
/** Of the thread: ballots live until the tally is over, all else is gone at once. */
const YOUNG_MIB = 8

/** How far the judging of a campaign is. */
interface Course {
  /** changes of its records that were noted, and how many of them `latest` knows */
  noted: number
  judged: number
  latest: Judgements | null
  /** the next tally, waited for or under way */
  next: Promise<void> | null
  /** when the last one ended, by `performance.now`, and what it took, milliseconds */
  ended: number
  took: number
  /** whether somebody waits for the next */
  isAsked: boolean
}

/** Keeps the states of shards in step with the records, at leisure. */
export function startJudging(
  {
    store,
    settled,
    writeRows,
  }: { store: Store; settled: () => Promise<void>; writeRows: () => Promise<void> },
  { joined, peers, set }: Memory,
) {
  const { rows } = set
  const courses = new WeakMap<Joined, Course>()
  const listeners = new Set<(change: StateChange) => void>()
  const stop = new AbortController()
  const lane = new PQueue({ concurrency: 1 })
  const underWay = new Set<Promise<void>>()
  let threads: ReturnType<typeof startThreads> | null = null

  const isHere = (one: Joined) => !stop.signal.aborted && joined.get(one.id.toString()) === one

  function courseOf(one: Joined): Course {
    const known = courses.get(one)
    if (known) return known
    const course = { noted: 1, judged: 0, latest: null, next: null, ended: 0, took: 0, isAsked: false }
    courses.set(one, course)
    return course
  }

  function judgeSoon(one: Joined, course: Course): Promise<void> {
    if (course.next !== null) return course.next
    const next = judgeNext(one, course).finally(() => underWay.delete(next))
    underWay.add(next)
    // whoever waits for it is told
    next.catch(() => {})
    course.next = next
    return next
  }

  async function judgeNext(one: Joined, course: Course): Promise<void> {
    try {
      await setTimeout(SOON_MS, undefined, { signal: stop.signal })
      for (let left = pauseOf(course); left > 0; left = pauseOf(course))
        await setTimeout(Math.min(left, LOOK_MS), undefined, { signal: stop.signal })
      if (isHere(one)) await judgeAll(one, course)
    } catch (error) {
      if (!stop.signal.aborted) throw error
    } finally {
      course.next = null
    }
    if (isHere(one) && course.judged < course.noted) void judgeSoon(one, course)
  }

  function pauseOf({ ended, took, isAsked }: Course): number {
    const share = isAsked ? ASKED_SHARE : PAUSE_SHARE
    return took === 0 ? 0 : ended + Math.max(PAUSE_MS, share * took) - performance.now()
  }

  async function judgeAll(one: Joined, course: Course): Promise<void> {
    const start = performance.now()
    const { noted } = course
    course.isAsked = false
    try {
      const tallied = await tallyOf(one, defaultPolicy(one.campaign.audit))
      if (!isHere(one)) return
      const changed = await apply(one, tallied)
      course.latest = viewJudgements(tallied, peers)
      course.judged = noted
      if (changed) await writeRows()
    } finally {
      course.ended = performance.now()
      course.took = course.ended - start
    }
  }

  /** One at a time: each has a copy of all rows. */
  function tallyOf(one: Joined, policy: Policy): Promise<Tallied> {
    return lane.add(() => tallyNow(one, policy))
  }

  async function tallyNow(one: Joined, policy: Policy): Promise<Tallied> {
    const isSmall = one.shards + one.verdicts <= MAX_ON_SPOT
    const disputed = findDisputed(one)
    const isFinal = isSmall && disputed.length === 0
    const snapshot: Snapshot = {
      chunks: isFinal ? [...rows.chunks()] : rows.chunks().map((chunk) => chunk.slice()),
      end: rows.end(),
      campaign: one.number,
      keys: peers.keys(),
      disputed: [],
      verifiers: one.campaign.audit.verifiers,
      policy,
    }
    if (isFinal) return tallyRows(snapshot)
    // what has just come is on its way to the disk
    await settled()
    for (let i = 0; i < disputed.length; i += READ_AT_ONCE) {
      const envelopes = await store.records.getMany(disputed.slice(i, i + READ_AT_ONCE))
      snapshot.disputed.push(joinEnvelopes(envelopes.filter((one) => one !== undefined)))
    }
    if (isSmall) return tallyRows(snapshot)
    threads ??= startThreads(new URL('./tally-worker', import.meta.url), {
      ...{ threads: 1, idleMs: IDLE_MS, youngMiB: YOUNG_MIB },
    })
    return threads.run(snapshot, {
      transferList: [...snapshot.chunks, ...snapshot.disputed.map(({ bytes }) => bytes)].map(
        ({ buffer }) => buffer as ArrayBuffer,
      ),
    })
  }

  /** Ids of all verdicts on manifests that somebody says to be forged: these alone have to be read as a whole. */
  function findDisputed(one: Joined): Uint8Array[] {
    const found = new Map<number, Uint8Array>()
    for (const row of set.ofKind(VERDICT, one.number)) {
      if (found.has(row) || unpackResult(rows.word(row, 'result')).ruling !== 'forged') continue
      for (const other of set.ofManifest(one.number, rows.manifest(row)))
        found.set(other, new Uint8Array(rows.digest(other)))
    }
    return [...found.values()]
  }

  /** Write states into the rows, some at a time. @returns whether any has changed */
  async function apply(one: Joined, { rows: shards, ids, states }: Tallied): Promise<boolean> {
    let changed = 0
    for (const [shard, row] of shards.entries()) {
      const before = rows.word(row, 'state')
      const state = states[shard]!
      // another may have its row since
      const isThere = rows.word(row, 'kind') === SHARD && before !== state
      const id = ids.subarray(shard * DIGEST_BYTES, (shard + 1) * DIGEST_BYTES)
      if (!isThere || !rows.hasDigest(row, id)) continue
      set.setState(one, row, state)
      tell(one, row, before)
      if (++changed % APPLIED_AT_ONCE > 0) continue
      await setImmediate()
      if (!isHere(one)) return false
    }
    return changed > 0
  }

  function tell(one: Joined, row: number, before: number): void {
    if (listeners.size === 0) return
    const { segment, state, id, manifest, peer } = shardOf(set, peers, row)
    const change = { campaign: one.id, id, manifest, segment, peer, before: STATES[before]!, state }
    for (const listener of listeners) listener(change)
  }

  // states on the disk may be those of before the last records
  for (const one of joined.values()) if (one.shards > 0) void judgeSoon(one, courseOf(one))

  return {
    /** Shards or verdicts of a campaign have changed. */
    note(one: Joined): void {
      const course = courseOf(one)
      course.noted++
      void judgeSoon(one, course)
    },

    /** By the campaign's own policy, of all that was known when asked at least. */
    async judgements(one: Joined): Promise<Judgements> {
      const course = courseOf(one)
      const { noted } = course
      while (course.latest === null || course.judged < noted) {
        course.isAsked = true
        await judgeSoon(one, course)
        stop.signal.throwIfAborted()
        if (!isHere(one)) throw new ShoalError('campaign_unknown', `this node has left campaign ${one.id}`)
      }
      return course.latest
    },

    async judge(one: Joined, policy: Policy): Promise<Judgements> {
      return viewJudgements(await tallyOf(one, policy), peers)
    },

    subscribe(listener: (change: StateChange) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    async close(): Promise<void> {
      stop.abort(new ShoalError('ledger_closed', 'the ledger is closed: the node is stopping'))
      await threads?.destroy()
      await Promise.allSettled(underWay)
    },
  }
}
