import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { open, type Signer } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { type Campaign, decodeCampaign } from '../../protocol/records/campaign.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import { isCustodianOf } from '../../protocol/rules/admit-removal.ts'
import { decisive, removalsInForce } from '../../protocol/rules/in-force.ts'
import { rootOf, type Subjects } from '../../protocol/rules/remove.ts'
import { verifySignature } from '../identity.ts'
import type { KnownRemovals, Ledger } from '../ledger/ledger.ts'
import { sha256 } from '../sha256.ts'
import { type Store, startingWith } from '../store/store.ts'
import { adoptEarlier } from './adopt-earlier.ts'
import { demandHeads } from './fresh.ts'
import { demandProvisional, signWanted } from './issue.ts'
import { renewHeads } from './keep-heads.ts'
import { addNotices, readNotices } from './notices.ts'
import { storeSigned } from './store-signed.ts'
import { subjectsOf } from './subjects-of.ts'
import { startTeller } from './tell.ts'
import { startVisits } from './visits.ts'

export { nameOfSubject } from './issue.ts'
export { addNotices, keepNotices } from './notices.ts'
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

interface InForce {
  subjects: Subjects
  root: Uint8Array | null
}

/** The removals of every campaign that this node knows of, whether it takes part in it or not. */
export interface Removals {
  /**
   * What is removed from a campaign now, and the root that says so: the same object until removals have come or ended.
   */
  inForce(campaign: CID): Promise<InForce>
  /**
   * Sign removals of a campaign, keep them, and tell other nodes. They are on the disk when this settles.
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
   * Have the latest removals of a campaign here before its pairs leave this node: those that peers know, and heads of its
   * custodians that show that none of theirs is missing. A campaign of one's own needs nobody.
   *
   * @param isVouched - whether pairs are of a release whose own word on removals is not stale. It does for heads; and
   *   where this node has no network, or takes no part in the campaign and finds nobody who does, for peers too
   * @throws ShoalError `removals_stale` where that can't be had
   */
  demandFresh(campaign: CID, isVouched?: boolean): Promise<void>
  /** From now on tell others, ask them, and sign heads where this node is a custodian. */
  connect(connection: Connection): void
  close(): Promise<void>
}

interface RemovalsParts {
  store: Store
  ledger: Ledger
  signer: Signer
  /** milliseconds since 1970 */
  clock: () => number
}

/** How others are told, and asked. */
interface Connection {
  publish(campaign: CID, bytes: Uint8Array): Promise<unknown>
  /** Learn what peers know of a campaign. @returns whether somebody has told all */
  refresh(campaign: CID): Promise<boolean>
}

/** Whoever has asked peers within this has what they know: no removal has to be everywhere sooner. */
const LATELY_MS = 60_000
/** How often it is looked whether removals have ended, or heads are to be signed anew. */
const LOOK_MS = 15_000
/** How soon after a removal there is a new head: removals often come together. */
const SOON_MS = 2_000

/** Subjects of no removal at all, for whoever wants to see every row. */
export const NO_SUBJECTS: Subjects = subjectsOf([])

/** @throws ShoalError as `Removals.issue`, for removals of an earlier version */
export async function openRemovals(parts: RemovalsParts): Promise<Removals> {
  const { store, ledger, signer, clock } = parts
  let network: Connection | undefined
  const kept = new Map<string, InForce & { id: CID; until: number }>()
  const asked = new Map<string, number>()
  /** campaigns that were joined just now: what was known of them is on its way into the ledger */
  const moving = new Map<string, Promise<void>>()
  let turn: Promise<unknown> = Promise.resolve()
  let soon: NodeJS.Timeout | undefined
  const teller = startTeller((campaign) => kept.delete(campaign.toString()))

  const isJoined = (id: CID) => ledger.campaigns().some((one) => one.id.equals(id))

  const visits = startVisits(store, isJoined, refresh)

  async function knownOf(campaign: CID): Promise<KnownRemovals> {
    await moving.get(campaign.toString())
    return isJoined(campaign) ? ledger.removalsOf(campaign) : readNotices(store, campaign)
  }

  async function campaignOf(id: CID): Promise<Campaign | null> {
    const envelope = await store.campaigns.get(id.bytes)
    return envelope === undefined ? null : decodeCampaign(await open(envelope, verifySignature))
  }

  async function isCustodian(id: CID): Promise<boolean> {
    const campaign = await campaignOf(id)
    return campaign !== null && isCustodianOf(campaign, signer.publicKey)
  }

  /** One after the other: they go on from each other's end of the chain. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  async function issue(id: CID, wanted: readonly WantedRemoval[]): Promise<Issued> {
    const campaign = await campaignOf(id)
    if (campaign === null)
      throw new ShoalError(
        'campaign_unknown',
        `this node knows no campaign ${id}: join it, or fetch of it first`,
      )
    const now = clock()
    if (!isCustodianOf(campaign, signer.publicKey)) demandProvisional(wanted, now)
    const { signed, ids } = await signWanted(signer, id, await knownOf(id), wanted, now)
    await storeSigned({ store, ledger: isJoined(id) ? ledger : null, network }, id, signed)
    teller.tell(id, true)
    if (!isJoined(id)) visits.soon(id)
    if (signed.length > 0) soon ??= setTimeout(look, SOON_MS).unref()
    return { ids, signed: signed.length }
  }

  async function inForce(id: CID): Promise<InForce> {
    const name = id.toString()
    const now = clock()
    const before = kept.get(name)
    if (before && now < before.until) return before
    const version = teller.versionOf(id)
    const removals = (await knownOf(id)).inForce(now)
    const subjects = subjectsOf(removals)
    const until = removals.reduce((least, { expires }) => Math.min(least, expires ?? least), Infinity)
    const made = { id, subjects, root: rootOf(subjects, sha256), until }
    // what has come meanwhile may not be in it
    if (teller.versionOf(id) === version) kept.set(name, made)
    return made
  }

  async function refresh(campaign: CID): Promise<boolean> {
    const now = performance.now()
    // whoever it can't ask has told nothing
    const isTold = (await network?.refresh(campaign).catch(() => false)) ?? false
    if (isTold) asked.set(campaign.toString(), now)
    // of others the ledger tells
    if (isTold && !isJoined(campaign)) teller.tell(campaign)
    return isTold
  }

  function wasAsked(campaign: CID): boolean {
    const at = asked.get(campaign.toString())
    return at !== undefined && performance.now() - at < LATELY_MS
  }

  async function demandFresh(id: CID, isVouched: boolean): Promise<void> {
    const campaign = await campaignOf(id)
    if (campaign !== null && equalBytes(campaign.key, signer.publicKey)) return
    if (!wasAsked(id) && !(await refresh(id)) && !(isVouched && !(network && isJoined(id))))
      throw new ShoalError(
        'removals_stale',
        network
          ? `no peer could be asked what is removed from campaign ${id}: its pairs can't be given away before one was; see \`shoal peers\``
          : `what is removed from campaign ${id} may have changed: start this node with \`shoal start\`, so that it can ask others`,
      )
    await demandHeads(id, await knownOf(id), clock(), isVouched)
  }

  const stop = ledger.subscribe(({ kind, campaign }) => {
    if (kind === 'removal') teller.tell(campaign)
    if (kind !== 'campaign') return
    const name = campaign.toString()
    const moved = addNotices(store, ledger, campaign)
      .then(() => store.notices.clear(startingWith(campaign.bytes)))
      .then(() => teller.tell(campaign))
      .finally(() => moving.delete(name))
    // a failing disk is told by the ledger
    moved.catch(() => {})
    moving.set(name, moved)
    look()
  })

  function look(): void {
    clearTimeout(soon)
    soon = undefined
    for (const { id, until } of kept.values()) if (until <= clock()) teller.tell(id)
    const { publish } = network ?? {}
    if (!publish) return
    visits.look()
    void inTurn(() => renewHeads({ ledger, signer, clock, publish })).catch(() => {})
  }
  const timer = setInterval(look, LOOK_MS).unref()
  const removals: Removals = {
    inForce,
    issue: (campaign, wanted) => inTurn(() => issue(campaign, wanted)),
    async list(campaign) {
      const known = await knownOf(campaign)
      const all = await Array.fromAsync(known.all())
      const names = new Set(removalsInForce(all.map(decisive), clock()).map(({ name }) => name))
      return all.map((one) => ({ ...one, isInForce: names.has(one.id.toString()) }))
    },
    isCustodian,
    onChange: teller.subscribe,
    connect(connection) {
      network = connection
      look()
    },
    demandFresh: (campaign, isVouched = false) => demandFresh(campaign, isVouched),
    async close() {
      clearInterval(timer)
      clearTimeout(soon)
      stop()
      teller.close()
      network = undefined
      await visits.close()
      await Promise.allSettled([turn, ...moving.values()])
    },
  }
  await adoptEarlier(parts, removals)
  return removals
}
