import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import { decodeHead, type Head } from '../../protocol/records/head.ts'
import { decodeRemoval, type Removal } from '../../protocol/records/removal.ts'
import { decisive, removalsInForce } from '../../protocol/rules/in-force.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import { verifySignature } from '../identity.ts'
import { type KnownRemovals, type Ledger, noticeKey } from '../ledger/ledger.ts'
import { type Store, startingWith } from '../store/store.ts'

/** The removals of a campaign that this node knows and takes no part in. */
export async function readNotices(
  { notices }: Pick<Store, 'notices'>,
  campaign: CID,
): Promise<KnownRemovals> {
  const removals: { id: CID; value: Removal }[] = []
  const heads: { id: CID; value: Head }[] = []
  for await (const envelope of notices.values(startingWith(campaign.bytes))) {
    const opened = await open(envelope, verifySignature)
    if (opened.kind === 'removal') removals.push({ id: opened.id, value: decodeRemoval(opened) })
    else heads.push({ id: opened.id, value: decodeHead(opened) })
  }
  const isOf = (source: Uint8Array) => (one: (typeof removals)[number]) =>
    equalBytes(one.value.source, source)
  return {
    inForce(now, of) {
      const some = of
        ? removals.filter(isOf(of.source)).filter(({ value }) => value.seq < of.before)
        : removals
      return removalsInForce(some.map(decisive), now)
    },
    on({ kind, hash }, source, now) {
      const own = removals.filter(isOf(source)).map(decisive)
      const one = removalsInForce(own, now).find(
        ({ subject }) => subject.kind === kind && equalBytes(subject.hash, hash),
      )
      const found = one && removals.find(({ id }) => id.toString() === one.name)
      return found ? { id: found.id, expires: found.value.expires } : null
    },
    last(source) {
      const [last] = removals
        .filter(isOf(source))
        .sort((a, b) => b.value.seq - a.value.seq || compareBytes(a.id.bytes, b.id.bytes))
      return last ? { id: last.id, seq: last.value.seq } : null
    },
    heads: async () => heads,
    async *all() {
      yield* removals
    },
    ids: () => [...removals, ...heads].map(({ id }) => id),
  }
}

/** Take what is kept of a campaign into a ledger that has joined it, for a while or for good. @returns their ids */
export async function addNotices(
  { notices }: Pick<Store, 'notices'>,
  ledger: Pick<Ledger, 'add'>,
  campaign: CID,
): Promise<CID[]> {
  const ids: CID[] = []
  for await (const envelope of notices.values(startingWith(campaign.bytes))) {
    const { id } = await ledger.add(new Uint8Array(envelope), 'own')
    if (id) ids.push(id)
  }
  return ids
}

/**
 * Keep of a campaign what a ledger knows.
 *
 * @param given - what that ledger was told first, by `addNotices`: what is no longer in it is of no more use
 */
export async function keepNotices(
  store: Store,
  ledger: Ledger,
  campaign: CID,
  given: readonly CID[],
): Promise<void> {
  const { notices } = store
  const here = new Map<string, CID>(
    ledger
      .removalsOf(campaign)
      .ids()
      .map((id) => [id.toString(), id]),
  )
  const writes: Parameters<Store['batch']>[0] = []
  for (const id of given)
    if (!here.delete(id.toString()))
      writes.push({ type: 'del', sublevel: notices, key: noticeKey(campaign, id) })
  for (const id of here.values()) {
    const value = await ledger.find(id)
    if (value) writes.push({ type: 'put', sublevel: notices, key: noticeKey(campaign, id), value })
  }
  if (writes.length > 0) await store.batch(writes, { sync: true })
}
