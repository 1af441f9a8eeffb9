import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { open, type Signer } from '../../protocol/envelope.ts'
import { type Campaign, decodeCampaign } from '../../protocol/records/campaign.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import { decisive, removalsInForce, subjectsInForce } from '../../protocol/rules/in-force.ts'
import { rootOf, type Subjects } from '../../protocol/rules/remove.ts'
import { verifySignature } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Store } from '../store/store.ts'
import { noticeKey, readNotices } from './held.ts'
import { signWanted } from './issue.ts'
import { sha256 } from './sha256.ts'

export { readWanted } from './read-wanted.ts'

/** What is to be removed, or, with `takeBack`, to be no longer. `expires` is in milliseconds since 1970, null: never. */
export type WantedRemoval = Pick<Removal, 'subject' | 'reason' | 'basis' | 'expires'> & {
  takeBack?: boolean
}

interface ListedRemoval {
  id: CID
  value: Removal
  /** whether it is neither over nor taken back */
  isInForce: boolean
}

interface Issued {
  ids: (CID | null)[]
  signed: number
}

/** The removals of every campaign that this node knows of, whether it takes part in it or not. */
export interface Removals {
  /**
   * What is removed from a campaign now, and the root that says so. It is kept, and made anew when removals have come or
   * ended.
   */
  inForce(campaign: CID): Promise<{ subjects: Subjects; root: Uint8Array | null }>
  /**
   * Sign removals of a campaign, keep them, and tell other nodes. They are on the disk when this settles, all or none.
   *
   * @returns how many were signed, and for each that was wanted the id of the removal that does it: a new one, or an
   *   earlier one of this node that does the same. Null where something is to be taken back that this node does not remove
   * @throws ShoalError `campaign_unknown`, `removal_field`; `removal_term`, `removal_proof` where who is no custodian
   *   wants more than it may
   */
  issue(campaign: CID, wanted: readonly WantedRemoval[]): Promise<Issued>
  /** Every removal of a campaign that is known here, taken back or not, in no order. */
  list(campaign: CID): Promise<ListedRemoval[]>
  /** Whether this node's removals hold for good: it is the organiser, or a custodian that the campaign names. */
  isCustodian(campaign: CID): Promise<boolean>
  /** Told when what is in force in a campaign may have changed. @returns what ends it */
  onChange(listener: (campaign: CID) => void): () => void
  /**
   * Have the latest removals of a campaign here before its pairs leave this node.
   *
   * @throws ShoalError `removals_stale` where that can't be had
   */
  demandFresh(campaign: CID): Promise<void>
  close(): Promise<void>
}

interface RemovalsParts {
  store: Store
  ledger: Ledger
  signer: Signer
  /** milliseconds since 1970 */
  clock: () => number
}

/** Subjects of no removal at all, for whoever wants to see every row. */
export const NO_SUBJECTS: Subjects = subjectsInForce([], 0)

export async function openRemovals({ store, signer, clock }: RemovalsParts): Promise<Removals> {
  const listeners = new Set<(campaign: CID) => void>()
  let issuing: Promise<unknown> = Promise.resolve()

  async function campaignOf(id: CID): Promise<Campaign | null> {
    const envelope = await store.campaigns.get(id.bytes)
    return envelope === undefined ? null : decodeCampaign(await open(envelope, verifySignature))
  }

  async function issue(campaign: CID, wanted: readonly WantedRemoval[]): Promise<Issued> {
    const held = await Array.fromAsync(readNotices(store, campaign))
    const { sealed, ids } = await signWanted(signer, campaign, held, wanted, clock())
    await store.batch(
      sealed.map(({ id, bytes }) => ({
        ...{ type: 'put', sublevel: store.notices, key: noticeKey(campaign, id), value: bytes },
      })),
      { sync: true },
    )
    for (const listener of listeners) listener(campaign)
    return { ids, signed: sealed.length }
  }

  return {
    async inForce(campaign) {
      const subjects = subjectsInForce(
        (await Array.fromAsync(readNotices(store, campaign))).map(decisive),
        clock(),
      )
      return { subjects, root: rootOf(subjects, sha256) }
    },
    issue(campaign, wanted) {
      const issued = issuing.then(() => issue(campaign, wanted))
      issuing = issued.catch(() => {})
      return issued
    },
    async list(campaign) {
      const held = await Array.fromAsync(readNotices(store, campaign))
      const inForce = new Set(removalsInForce(held.map(decisive), clock()).map(({ name }) => name))
      return held.map((one) => ({ ...one, isInForce: inForce.has(one.id.toString()) }))
    },
    async isCustodian(campaign) {
      const known = await campaignOf(campaign)
      return (
        known !== null && [known.key, ...known.custodians].some((key) => equalBytes(key, signer.publicKey))
      )
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async demandFresh() {},
    async close() {
      await issuing
    },
  }
}
