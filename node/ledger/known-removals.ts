import type { CID } from 'multiformats/cid'
import { open, type Verify } from '../../protocol/envelope.ts'
import { decodeHead, type Head } from '../../protocol/records/head.ts'
import { decodeRemoval, type Removal } from '../../protocol/records/removal.ts'
import { type Decisive, removalsInForce } from '../../protocol/rules/in-force.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import type { Joined } from './load.ts'
import { noticesOf } from './notices.ts'
import { unpackWhat } from './pack-what.ts'
import type { Peers } from './peers.ts'
import { idOfDigest } from './record-id.ts'
import type { RecordSet } from './record-set.ts'
import { REMOVAL } from './rows.ts'

/** One source's removals below a place of its chain: those that a head speaks of. */
export interface OfSource {
  source: Uint8Array
  before: number
}

/** The removals of one campaign. */
export interface KnownRemovals {
  /** What is in force, of all sources or of one; hashes are to be read before anything is waited for. */
  inForce(now: number, of?: OfSource): Pick<Decisive<unknown>, 'subject' | 'expires'>[]
  /** A source's removal of a subject that is in force, or null. */
  on(subject: Removal['subject'], source: Uint8Array, now: number): { id: CID; expires: number | null } | null
  /** The one with the highest `seq` of a source; of a fork, the one with the lowest id. */
  last(source: Uint8Array): { id: CID; seq: number } | null
  heads(): Promise<{ id: CID; value: Head }[]>
  /** All of them, also those that are over or taken back, in no order. */
  all(): AsyncIterable<{ id: CID; value: Removal }>
  /** Ids of all of them, and of the heads. */
  ids(): CID[]
}

interface Parts {
  peers: Peers
  set: RecordSet
  find: (id: CID) => Promise<Uint8Array | null>
  verify: Verify
}

export function viewRemovals(
  { peers, set, find, verify }: Parts,
  { number: campaign }: Joined,
): KnownRemovals {
  const { rows } = set

  function decisiveAt(row: number): Decisive<number> {
    const { kind, takesBack } = unpackWhat(rows.word(row, 'what'))
    const hash = rows.manifest(row)
    const until = rows.number(row, 'until')
    return {
      ...{ name: row, source: rows.word(row, 'peer'), subject: { kind, hash } },
      ...{ negates: takesBack ? set.findId(hash) : null, expires: Number.isFinite(until) ? until : null },
    }
  }

  async function* read(ids: CID[]) {
    for (const id of ids) {
      const envelope = await find(id)
      // one may have been dropped by now
      if (envelope) yield await open(envelope, verify)
    }
  }

  const idsOf = (some: Iterable<number>) =>
    Array.from(some, (row) => idOfDigest(new Uint8Array(rows.digest(row))))

  return {
    inForce(now, of) {
      const source = of && peers.find(of.source)
      const some = [...set.ofKind(REMOVAL, campaign)].filter(
        (row) => !of || (rows.word(row, 'peer') === source && rows.number(row, 'seq') < of.before),
      )
      return removalsInForce(some.map(decisiveAt), now)
    },

    on({ kind, hash }, source, now) {
      const number = peers.find(source)
      if (number < 0) return null
      const same = [...set.ofSubject(campaign, hash)].filter(
        (row) => rows.word(row, 'peer') === number && unpackWhat(rows.word(row, 'what')).kind === kind,
      )
      const takingBack = same.flatMap((row) => [...set.ofSubject(campaign, rows.digest(row))])
      const [first] = removalsInForce([...same, ...takingBack].map(decisiveAt), now)
      return first ? { id: idsOf([first.name])[0]!, expires: first.expires } : null
    },

    last(source) {
      const number = peers.find(source)
      if (number < 0) return null
      let last = -1
      const isAfter = (row: number) =>
        rows.number(row, 'seq') - rows.number(last, 'seq') ||
        compareBytes(rows.digest(last), rows.digest(row))
      for (const row of set.ofKind(REMOVAL, campaign))
        if (rows.word(row, 'peer') === number && (last < 0 || isAfter(row) > 0)) last = row
      return last < 0 ? null : { id: idsOf([last])[0]!, seq: rows.number(last, 'seq') }
    },

    async heads() {
      const heads: { id: CID; value: Head }[] = []
      for await (const opened of read(idsOf(set.ofHeads(campaign))))
        heads.push({ id: opened.id, value: decodeHead(opened) })
      return heads
    },

    async *all() {
      for await (const opened of read(idsOf(set.ofKind(REMOVAL, campaign))))
        yield { id: opened.id, value: decodeRemoval(opened) }
    },

    ids: () => noticesOf(set, campaign).map(idOfDigest),
  }
}

/** Until when the head of some custodian holds; null where none does now. */
export function vouchedUntil({ rows, ofHeads }: RecordSet, campaign: number, now: number): number | null {
  const ends = Array.from(ofHeads(campaign), (row) => rows.number(row, 'expires'))
  const latest = Math.max(0, ...ends)
  return latest > now ? latest : null
}
