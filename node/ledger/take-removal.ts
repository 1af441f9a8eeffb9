import type { CID } from 'multiformats/cid'
import type { Removal } from '../../protocol/records/removal.ts'
import type { Circumstances } from '../../protocol/rules/admit.ts'
import type { countRecords } from './count-records.ts'
import { keepEarly } from './early.ts'
import type { How } from './intake.ts'
import type { Joined, Memory } from './load.ts'
import { unpackWhat } from './pack-what.ts'
import { digestOfId, idOfDigest } from './record-id.ts'
import { REMOVAL } from './rows.ts'

/** Bytes of removals that take back what has not come yet: thousands, in any order within a sync. */
const MAX_EARLY_BYTES = 4 * 1024 * 1024
/** Of one removal: a source needs to take it back but once, others wait in vain. */
const MAX_EARLY_EACH = 16

/** What removals and heads are judged by, and those that wait for what they take back. */
export function takeRemovals({ peers, set }: Memory, counts: ReturnType<typeof countRecords>) {
  const { rows } = set
  const early = keepEarly({ maxBytes: MAX_EARLY_BYTES, maxEach: MAX_EARLY_EACH })
  const idOfRow = (row: number) => idOfDigest(new Uint8Array(rows.digest(row)))
  const placeOf = (campaign: CID, removal: CID) => `${campaign} ${removal}`

  function negatedBy({ number }: Joined, negates: CID): Circumstances['negated'] {
    const row = set.findId(digestOfId(negates))
    if (row < 0 || rows.word(row, 'kind') !== REMOVAL || rows.word(row, 'campaign') !== number) return null
    const { kind, takesBack } = unpackWhat(rows.word(row, 'what'))
    return {
      source: peers.keyOf(rows.word(row, 'peer')),
      seq: rows.number(row, 'seq'),
      subject: { kind, hash: new Uint8Array(rows.manifest(row)) },
      // whatever it takes back: nothing takes it back in turn
      negates: takesBack ? negates : null,
    }
  }

  return {
    circumstancesOf(one: Joined, { source, seq, negates }: Removal, how: How, now: number) {
      const number = peers.find(source)
      return {
        sameSeq: number < 0 ? [] : set.findChained(REMOVAL, one.number, number, seq).map(idOfRow),
        recentRemovals: counts.of('removal', source, how, now),
        negated: negates && negatedBy(one, negates),
      }
    },

    headCircumstancesOf(one: Joined, source: Uint8Array, how: How, now: number) {
      const number = peers.find(source)
      const row = [...set.ofHeads(one.number)].find((head) => rows.word(head, 'peer') === number)
      return {
        recentRemovals: counts.of('head', source, how, now),
        newestHead:
          row === undefined
            ? null
            : {
                id: idOfRow(row),
                value: { seq: rows.number(row, 'seq'), thisUpdate: rows.number(row, 'issued') },
              },
      }
    },

    isEarly: early.has,

    /** Keep a removal until the one comes that it takes back, if there is room. */
    wait({ campaign, negates }: Removal, digest: Uint8Array, bytes: Uint8Array, how: How): void {
      if (negates !== null) early.wait(placeOf(campaign, negates), digest, bytes, how)
    },

    /** @returns what has waited to take this removal back, which is forgotten here */
    release: ({ campaign }: Removal, id: CID) => early.release(placeOf(campaign, id)),

    /** Rows of the removals that take back the one in this row. */
    takingBack(row: number): number[] {
      return [...set.ofSubject(rows.word(row, 'campaign'), rows.digest(row))].filter(
        (other) => unpackWhat(rows.word(other, 'what')).takesBack,
      )
    },
  }
}
