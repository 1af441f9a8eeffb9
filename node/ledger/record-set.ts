import { randomInt } from 'node:crypto'
import {
  addDigest,
  BUCKETS,
  bucketOf,
  type Fingerprints,
  makeFingerprints,
} from '../../protocol/sync/fingerprints.ts'
import { makeRowTable, mixHash } from './row-table.ts'
import { CLAIM, makeRows, PAGE_ROWS, type RowFields, type Rows, SHARD } from './rows.ts'

/** What is kept of one campaign's records besides their rows. */
export interface Shelf {
  /** the campaign's, in rows */
  number: number
  fingerprints: Fingerprints
  /** first row of each bucket */
  heads: Uint32Array
  claims: number
  shards: number
  /** segments with a shard at least */
  done: number
}

export type RecordSet = ReturnType<typeof makeRecordSet>

/** No row. */
const NONE = 0xffffffff

export function makeShelf(number: number): Shelf {
  const heads = new Uint32Array(BUCKETS).fill(NONE)
  return { number, fingerprints: makeFingerprints(), heads, claims: 0, shards: 0, done: 0 }
}

/** All claims and shards that a node holds, found by id, place, segment and bucket. It does not judge them. */
export function makeRecordSet() {
  const rows = makeRows()
  const dirty = new Set<number>()
  // strangers choose what they sign, so they must not know which keys share a slot
  const seed = randomInt(2 ** 32)
  const byId = makeRowTable((row) => hashId(seed, rows.word(row, 'digest0'), rows.word(row, 'digest4')))
  const byPlace = makeRowTable((row) => hashPlace(rows, seed, row))
  /** the first row of each segment */
  const bySegment = makeRowTable((row) =>
    hash3(seed, rows.word(row, 'campaign'), rows.word(row, 'segment'), 0),
  )

  function findHead(campaign: number, segment: number): number {
    return bySegment.find(
      hash3(seed, campaign, segment, 0),
      (row) => rows.word(row, 'segment') === segment && rows.word(row, 'campaign') === campaign,
    )
  }

  function* along(first: number, link: 'nextInSegment' | 'nextInBucket'): Generator<number> {
    for (let row = first; row !== NONE; row = rows.word(row, link)) yield row
  }

  function ofSegment(campaign: number, segment: number): Iterable<number> {
    const head = findHead(campaign, segment)
    return along(head < 0 ? NONE : head, 'nextInSegment')
  }

  function isDone(campaign: number, segment: number): boolean {
    for (const row of ofSegment(campaign, segment)) if (rows.word(row, 'kind') === SHARD) return true
    return false
  }

  /** Take a row out of a chain that begins with `head`. @returns where the chain begins then */
  function unlink(head: number, row: number, link: 'nextInSegment' | 'nextInBucket'): number {
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
    if (rows.word(row, 'kind') === CLAIM) shelf.claims += by
    else shelf.shards += by
    addDigest(shelf.fingerprints, rows.digest(row), by)
  }

  /** Find a row that is there by everything it is looked up by. */
  function link(shelf: Shelf, row: number): void {
    const segment = rows.word(row, 'segment')
    const bucket = bucketOf(rows.digest(row))
    const head = findHead(shelf.number, segment)
    if (rows.word(row, 'kind') === SHARD && !isDone(shelf.number, segment)) shelf.done++
    rows.setWord(row, 'nextInSegment', head < 0 ? NONE : head)
    if (head < 0) bySegment.add(row)
    else bySegment.replace(head, row)
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

    /** Rows of one kind, in no order. None may be put in meanwhile. */
    *ofKind(kind: typeof CLAIM | typeof SHARD, campaign: number | null = null): Generator<number> {
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

    /** A peer's shards in one place of its chain. */
    findShards(campaign: number, peer: number, seq: number): number[] {
      return byPlace.findAll(
        hash3(seed + 1, campaign, peer, seq),
        (row) =>
          rows.word(row, 'kind') === SHARD &&
          rows.number(row, 'seq') === seq &&
          rows.word(row, 'peer') === peer &&
          rows.word(row, 'campaign') === campaign,
      )
    },

    insert(shelf: Shelf, fields: RowFields): void {
      const row = rows.take(fields)
      dirty.add(Math.floor(row / PAGE_ROWS))
      link(shelf, row)
    },

    link,

    remove(shelf: Shelf, row: number): void {
      const segment = rows.word(row, 'segment')
      const bucket = bucketOf(rows.digest(row))
      const head = findHead(shelf.number, segment)
      const first = unlink(head, row, 'nextInSegment')
      if (first === NONE) bySegment.remove(head)
      else if (first !== head) bySegment.replace(head, first)
      shelf.heads[bucket] = unlink(shelf.heads[bucket]!, row, 'nextInBucket')
      byId.remove(row)
      byPlace.remove(row)
      count(shelf, row, -1)
      if (rows.word(row, 'kind') === SHARD && !isDone(shelf.number, segment)) shelf.done--
      rows.release(row)
      dirty.add(Math.floor(row / PAGE_ROWS))
    },
  }
}

function hashPlace(rows: Rows, seed: number, row: number): number {
  const campaign = rows.word(row, 'campaign')
  const peer = rows.word(row, 'peer')
  return rows.word(row, 'kind') === CLAIM
    ? hash3(seed, campaign, rows.word(row, 'segment'), peer)
    : hash3(seed + 1, campaign, peer, rows.number(row, 'seq'))
}

function hash3(seed: number, a: number, b: number, c: number): number {
  // `c` may be a seq beyond 32 bits
  return mixHash(mixHash(mixHash(mixHash(seed, a), b), c), c / 2 ** 32)
}

function hashId(seed: number, digest0: number, digest4: number): number {
  return mixHash(mixHash(seed, digest0), digest4)
}

function wordOf(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
