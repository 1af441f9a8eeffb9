import { randomInt } from 'node:crypto'
import {
  addDigest,
  BUCKETS,
  bucketOf,
  type Fingerprints,
  makeFingerprints,
} from '../../protocol/sync/fingerprints.ts'
import {
  hash3,
  hashChained,
  hashGroup,
  hashHeads,
  hashId,
  hashManifest,
  hashPlace,
  wordOf,
} from './row-hash.ts'
import { makeRowTable, mixHash } from './row-table.ts'
import { CLAIM, HEAD, makeRows, PAGE_ROWS, REMOVAL, type RowFields, SHARD, VERDICT } from './rows.ts'
import { REFUSED, STATES } from './states.ts'

/** What is kept of one campaign's records besides their rows. */
export interface Shelf {
  /** the campaign's, in rows */
  number: number
  fingerprints: Fingerprints
  /** first row of each bucket */
  heads: Uint32Array
  claims: number
  shards: number
  verdicts: number
  removals: number
  /** shards in each of STATES */
  states: Uint32Array
  /** segments with a shard that is not refused */
  done: number
}

export type RecordSet = ReturnType<typeof makeRecordSet>

/** No row. */
const NONE = 0xffffffff

export function makeShelf(number: number): Shelf {
  const heads = new Uint32Array(BUCKETS).fill(NONE)
  const states = new Uint32Array(STATES.length)
  return {
    number,
    fingerprints: makeFingerprints(),
    heads,
    claims: 0,
    shards: 0,
    verdicts: 0,
    removals: 0,
    states,
    done: 0,
  }
}

/**
 * All claims, shards, verdicts, removals and heads that a node holds, found by id, place, bucket and group. It does not
 * judge them.
 */
export function makeRecordSet() {
  const rows = makeRows()
  const dirty = new Set<number>()
  // strangers choose what they sign, so they must not know which keys share a slot
  const seed = randomInt(2 ** 32)
  const byId = makeRowTable((row) => hashId(seed, rows.word(row, 'digest0'), rows.word(row, 'digest4')))
  const byPlace = makeRowTable((row) => hashPlace(rows, seed, row))
  /** the first row of each group, see `hashGroup` */
  const groups = makeRowTable((row) => hashGroup(rows, seed, row))

  function headOfSegment(campaign: number, segment: number): number {
    return groups.find(
      hash3(seed, campaign, segment, 0),
      (row) =>
        isWork(row) && rows.word(row, 'segment') === segment && rows.word(row, 'campaign') === campaign,
    )
  }

  function headOfManifest(
    kind: typeof VERDICT | typeof REMOVAL,
    campaign: number,
    manifest: Uint8Array,
  ): number {
    return groups.find(
      hashManifest(seed, campaign, manifest),
      (row) =>
        rows.word(row, 'kind') === kind &&
        rows.word(row, 'campaign') === campaign &&
        rows.hasManifest(row, manifest),
    )
  }

  function headOfHeads(campaign: number): number {
    return groups.find(
      hashHeads(seed, campaign),
      (row) => rows.word(row, 'kind') === HEAD && rows.word(row, 'campaign') === campaign,
    )
  }

  function headBeside(row: number): number {
    const campaign = rows.word(row, 'campaign')
    const kind = rows.word(row, 'kind')
    if (kind === VERDICT || kind === REMOVAL) return headOfManifest(kind, campaign, rows.manifest(row))
    return kind === HEAD ? headOfHeads(campaign) : headOfSegment(campaign, rows.word(row, 'segment'))
  }

  function isWork(row: number): boolean {
    const kind = rows.word(row, 'kind')
    return kind === CLAIM || kind === SHARD
  }

  function* along(first: number, link: 'nextInGroup' | 'nextInBucket'): Generator<number> {
    for (let row = first; row !== NONE; row = rows.word(row, link)) yield row
  }

  /** Claims and shards. */
  function ofSegment(campaign: number, segment: number): Iterable<number> {
    const head = headOfSegment(campaign, segment)
    return along(head < 0 ? NONE : head, 'nextInGroup')
  }

  function isDone(campaign: number, segment: number): boolean {
    for (const row of ofSegment(campaign, segment)) if (isGood(row)) return true
    return false
  }

  function isGood(row: number): boolean {
    return rows.word(row, 'kind') === SHARD && rows.word(row, 'state') !== REFUSED
  }

  /** Take a row out of a chain that begins with `head`. @returns where the chain begins then */
  function unlink(head: number, row: number, link: 'nextInGroup' | 'nextInBucket'): number {
    const next = rows.word(row, link)
    if (head === row) return next
    for (const before of along(head, link)) {
      if (rows.word(before, link) !== row) continue
      rows.setWord(before, link, next)
      break
    }
    return head
  }

  function count(shelf: Shelf, row: number, by: 1 | -1): void {
    const kind = rows.word(row, 'kind')
    if (kind === CLAIM) shelf.claims += by
    else if (kind === VERDICT) shelf.verdicts += by
    else if (kind === REMOVAL) shelf.removals += by
    else if (kind === SHARD) {
      shelf.shards += by
      shelf.states[rows.word(row, 'state')]! += by
    }
    addDigest(shelf.fingerprints, rows.digest(row), by)
  }

  /** Find a row that is there by everything it is looked up by. */
  function link(shelf: Shelf, row: number): void {
    const bucket = bucketOf(rows.digest(row))
    const head = headBeside(row)
    if (isGood(row) && !isDone(shelf.number, rows.word(row, 'segment'))) shelf.done++
    rows.setWord(row, 'nextInGroup', head < 0 ? NONE : head)
    if (head < 0) groups.add(row)
    else groups.replace(head, row)
    rows.setWord(row, 'nextInBucket', shelf.heads[bucket]!)
    shelf.heads[bucket] = row
    byId.add(row)
    byPlace.add(row)
    count(shelf, row, 1)
  }

  return {
    rows,
    ofSegment,
    isDone,

    /** @returns pages that have changed since the last call */
    takeDirty(): number[] {
      const pages = [...dirty]
      dirty.clear()
      return pages
    },

    ofBucket: (shelf: Shelf, bucket: number): Iterable<number> => along(shelf.heads[bucket]!, 'nextInBucket'),

    /** Verdicts on whatever producers' shards of a manifest, those that came last first. */
    ofManifest(campaign: number, manifest: Uint8Array): Iterable<number> {
      const head = headOfManifest(VERDICT, campaign, manifest)
      return along(head < 0 ? NONE : head, 'nextInGroup')
    },

    /** Removals of a subject, or those that take back the removal with this digest: both are found by 32 bytes. */
    ofSubject(campaign: number, subject: Uint8Array): Iterable<number> {
      const head = headOfManifest(REMOVAL, campaign, subject)
      return along(head < 0 ? NONE : head, 'nextInGroup')
    },

    /** The heads of all custodians. */
    ofHeads(campaign: number): Iterable<number> {
      const head = headOfHeads(campaign)
      return along(head < 0 ? NONE : head, 'nextInGroup')
    },

    /** Rows of one kind, in no order. None may be put in meanwhile. */
    *ofKind(
      kind: typeof CLAIM | typeof SHARD | typeof VERDICT | typeof REMOVAL | typeof HEAD,
      campaign: number | null = null,
    ): Generator<number> {
      for (let row = 0; row < rows.end(); row++)
        if (rows.word(row, 'kind') === kind && (campaign === null || rows.word(row, 'campaign') === campaign))
          yield row
    },

    /** @returns -1 where there is none, as below */
    findId: (digest: Uint8Array): number =>
      byId.find(hashId(seed, wordOf(digest, 0), wordOf(digest, 4)), (row) => rows.hasDigest(row, digest)),

    findClaim(campaign: number, segment: number, peer: number): number {
      return byPlace.find(
        hash3(seed, campaign, segment, peer),
        (row) =>
          rows.word(row, 'kind') === CLAIM &&
          rows.word(row, 'segment') === segment &&
          rows.word(row, 'peer') === peer &&
          rows.word(row, 'campaign') === campaign,
      )
    },

    /** A peer's shards, or its removals, in one place of its chain. */
    findChained(kind: typeof SHARD | typeof REMOVAL, campaign: number, peer: number, seq: number): number[] {
      return byPlace.findAll(
        hashChained(seed, kind, campaign, peer, seq),
        (row) =>
          rows.word(row, 'kind') === kind &&
          rows.number(row, 'seq') === seq &&
          rows.word(row, 'peer') === peer &&
          rows.word(row, 'campaign') === campaign,
      )
    },

    /** A verifier's verdicts on a manifest, of whatever producers. */
    findVerdicts(campaign: number, manifest: Uint8Array, verifier: number): number[] {
      return byPlace.findAll(
        mixHash(hashManifest(seed, campaign, manifest), verifier),
        (row) =>
          rows.word(row, 'kind') === VERDICT &&
          rows.word(row, 'peer') === verifier &&
          rows.word(row, 'campaign') === campaign &&
          rows.hasManifest(row, manifest),
      )
    },

    setState(shelf: Shelf, row: number, state: number): void {
      const before = rows.word(row, 'state')
      const segment = rows.word(row, 'segment')
      shelf.states[before]!--
      shelf.states[state]!++
      dirty.add(Math.floor(row / PAGE_ROWS))
      const mayMatter = (before === REFUSED) !== (state === REFUSED)
      const wasDone = mayMatter && isDone(shelf.number, segment)
      rows.setWord(row, 'state', state)
      if (mayMatter) shelf.done += Number(isDone(shelf.number, segment)) - Number(wasDone)
    },

    insert(shelf: Shelf, fields: RowFields): void {
      const row = rows.take(fields)
      dirty.add(Math.floor(row / PAGE_ROWS))
      link(shelf, row)
    },

    link,

    remove(shelf: Shelf, row: number): void {
      const bucket = bucketOf(rows.digest(row))
      const head = headBeside(row)
      const first = unlink(head, row, 'nextInGroup')
      if (first === NONE) groups.remove(head)
      else if (first !== head) groups.replace(head, first)
      shelf.heads[bucket] = unlink(shelf.heads[bucket]!, row, 'nextInBucket')
      byId.remove(row)
      byPlace.remove(row)
      count(shelf, row, -1)
      if (isGood(row) && !isDone(shelf.number, rows.word(row, 'segment'))) shelf.done--
      rows.release(row)
      dirty.add(Math.floor(row / PAGE_ROWS))
    },
  }
}
