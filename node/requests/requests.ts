import { randomBytes } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { open, type Signer } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_CAMPAIGNS_ASKED, MAX_LABEL_BYTES, MAX_SUBJECTS_ASKED } from '../../protocol/limits.ts'
import {
  basisOf,
  decodeReceipt,
  makeReceipt,
  type Proof,
  type Receipt,
} from '../../protocol/records/receipt.ts'
import { ANSWER_MS, MAX_PROVISIONAL_MS } from '../../protocol/timing.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import type { Removals, WantedRemoval } from '../removals/removals.ts'
import type { Store } from '../store/store.ts'
import { keepKnown, nameOf } from './known-removals.ts'
import { type Evidence, lookForProof, type Prover, tokenOf } from './look-for-proof.ts'
import { type Asked, readSubject, type Subject } from './read-subject.ts'
import { writeReceiptFile } from './receipt-file.ts'
import { makeReviews, type Review } from './review.ts'
import { readAllStored, readStored, type StoredRequest, storedKey, writeStored } from './stored.ts'
import { readSubjects, type SubjectState, tellState } from './tell-state.ts'

export type { Asked } from './read-subject.ts'
export { WELL_KNOWN } from './read-well-known.ts'
export { readReceiptFile } from './receipt-file.ts'
export { type ResolveTxt, startResolveTxt } from './resolve-txt.ts'
export type { Review } from './review.ts'
export type { Fate, SubjectState } from './tell-state.ts'

/** What somebody asks for. */
export interface Request {
  asked: readonly Asked[]
  reason: Receipt['reason']
  /** how to reach whoever asks: kept at this node alone; or null */
  contact: string | null
}

/** Where a request stands. */
export interface RequestState {
  /** its name */
  request: string
  /** whether this node took it: it has the receipt, and looks for proofs */
  isHere: boolean
  reason: Receipt['reason']
  /** milliseconds since 1970; null at nodes that did not take it */
  received: number | null
  deadline: number | null
  /** peers that removed something on its account */
  nodes: string[]
  subjects: SubjectState[]
  /** hosts that have proven nothing yet, and what they would have to say */
  unproven: string[]
  token: string
}

/** Removals that people ask this node for. */
export interface Requests {
  /**
   * Take a request: what is asked for is hidden at once in all campaigns that are known here, and for a while; a whole
   * site only when its owner has shown to be its owner.
   *
   * @throws ShoalError `request_subject`, `request_many`, `request_contact`, `request_campaigns`, `requests_full`; as
   *   `Removals.issue`
   */
  ask(request: Request): Promise<RequestState>
  /**
   * Look whether hosts prove a request now. Where this node is a custodian, what is proven is removed for good.
   *
   * @returns what was found at each host, too
   * @throws ShoalError `request_unknown`, `request_elsewhere`, `request_offline`
   */
  prove(request: string): Promise<RequestState & { found: ({ host: string } & Evidence)[] }>
  /** Of any request that is known here, whoever took it. @throws ShoalError `request_unknown` */
  status(request: string): Promise<RequestState>
  /** The receipt as a file. @throws ShoalError `request_unknown`, `request_elsewhere` */
  receipt(request: string): Promise<string>
  /** The requests that this node took, the latest first. */
  list(): Promise<RequestState[]>
  /** What waits for this node's word, in the campaigns that it is a custodian of; what ends soonest comes first. */
  reviews(): Promise<Review[]>
  /**
   * Decide on a request as a custodian: remove what it asks for, for good; or let it lapse.
   *
   * @throws ShoalError `request_unknown`, `review_none` where this node is no custodian of its campaigns
   */
  decide(request: string, decision: 'confirm' | 'reject'): Promise<RequestState>
  close(): Promise<void>
}

export interface RequestsParts {
  store: Store
  signer: Signer
  removals: Removals
  /** null: this node does not look for proofs */
  prover: Prover | null
  /** milliseconds since 1970 */
  clock: () => number
}

/** Requests that are kept at a time: some megabytes. */
const MAX_KEPT = 10_000
/** Things asked for in an hour, by all who ask: so many removals other nodes take from one that is no custodian. */
const MAX_ASKED_PER_HOUR = 300
const HOUR_MS = 3_600_000
/** What people wrote is kept for this long after they wrote it, unless a proof of theirs is to be renewed. */
const KEPT_MS = 90 * 24 * HOUR_MS
/** A proven removal that nobody has confirmed is renewed when it ends within this, if the proof still holds. */
const RENEW_MS = 3 * 24 * HOUR_MS

/** Open the requests that a node has taken. */
export async function openRequests(parts: RequestsParts): Promise<Requests> {
  const { store, signer, removals, prover, clock } = parts
  const known = keepKnown(parts)
  const reviews = makeReviews(parts, known)
  /** what was hidden here before without a proof: it is not hidden again so */
  const hiddenBefore = new Set<string>()
  const lately: number[] = []
  let kept = 0
  let turn: Promise<unknown> = Promise.resolve()
  let closed = false

  for await (const [, { asked, proofs }] of readAllStored(store.requests)) {
    kept++
    for (const [i, one] of asked.entries())
      if (proofs[i] === 'none' && one.kind !== 'origin') hiddenBefore.add(nameOf(readSubject(one)))
  }

  /** One after the other: what one has removed the next one need not. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  const allKnown = () => Array.fromAsync(known.all())

  /** Hide, or remove for good, and give a receipt for it. */
  async function remove(
    request: string,
    one: Omit<StoredRequest, 'receipt'>,
    receipt: Receipt | null,
    isRenewal = false,
  ): Promise<StoredRequest> {
    const now = clock()
    const subjects = one.asked.map(readSubject)
    const found: Receipt['subjects'] = subjects.map(({ kind, hash }, i) => ({
      ...{ kind, hash, proof: one.proofs[i]!, removals: receipt?.subjects[i]?.removals ?? [] },
    }))
    for await (const here of known.all()) {
      const { campaign } = here
      const isCustodian = await removals.isCustodian(campaign)
      const wanted = subjects.flatMap(({ kind, hash }, i): (WantedRemoval & { at: number })[] => {
        const proof = one.proofs[i]!
        const inForce = here.of({ kind, hash }).filter(({ isInForce }) => isInForce)
        const isProvenBefore = receipt?.subjects[i]?.proof === proof && proof !== 'none'
        if (inForce.some(({ value }) => value.expires === null)) return []
        if (proof === 'none' && (kind === 'origin' || receipt !== null || wasHidden({ kind, hash })))
          return []
        if (isProvenBefore && !isRenewal) return []
        const expires = isCustodian && proof !== 'none' ? null : now + MAX_PROVISIONAL_MS
        return [
          { subject: { kind, hash }, reason: one.reason, basis: basisOf(proof, request), expires, at: i },
        ]
      })
      if (wanted.length === 0) continue
      const { ids } = await removals.issue(
        campaign,
        wanted.map(({ at: _, ...each }) => each),
      )
      for (const [i, { at }] of wanted.entries()) {
        const subject = found[at]!
        const others = subject.removals.filter((other) => !other.campaign.equals(campaign))
        if (ids[i]) subject.removals = [...others, { campaign, removal: ids[i] }]
      }
    }
    for (const { kind, hash, proof } of found)
      if (proof === 'none' && kind !== 'origin') hiddenBefore.add(nameOf({ kind, hash }))
    const { received, reason } = one
    const sealed = await makeReceipt(
      {
        ...{ request, subjects: found, reason, received, deadline: received + ANSWER_MS },
        issued: Math.max(now, received),
      },
      signer,
    )
    const stored = { ...one, receipt: sealed.bytes }
    await writeStored(store.requests, request, stored)
    return stored
  }

  function wasHidden(subject: Pick<Subject, 'kind' | 'hash'>): boolean {
    return hiddenBefore.has(nameOf(subject))
  }

  async function ask({ asked, reason, contact }: Request): Promise<RequestState> {
    if (asked.length === 0 || asked.length > MAX_SUBJECTS_ASKED)
      throw new ShoalError('request_many', `ask for one to ${MAX_SUBJECTS_ASKED} things at a time`)
    if (contact !== null && !isLine(contact))
      throw new ShoalError('request_contact', `the contact is one line of at most ${MAX_LABEL_BYTES} bytes`)
    const subjects = [...new Map(asked.map((one) => [nameOf(readSubject(one)), readSubject(one)])).values()]
    const campaigns = (await store.campaigns.keys({ limit: MAX_CAMPAIGNS_ASKED + 1 }).all()).length
    if (campaigns === 0 || campaigns > MAX_CAMPAIGNS_ASKED)
      throw new ShoalError(
        'request_campaigns',
        'this node takes part in no campaign, so that it has nothing to remove: ask one that does',
      )
    const now = clock()
    while (lately.length > 0 && lately[0]! <= now - HOUR_MS) lately.shift()
    if (kept >= MAX_KEPT || lately.length + subjects.length > MAX_ASKED_PER_HOUR)
      throw new ShoalError(
        'requests_full',
        'this node takes no more requests at the moment: try again in an hour, or ask another node',
      )
    lately.push(...subjects.map(() => now))
    const request = base32.baseEncode(randomBytes(16))
    await remove(
      request,
      {
        asked: subjects.map(({ kind, value }) => ({ kind, value })),
        ...{ reason, contact, received: now, proofs: subjects.map((): Proof => 'none') },
      },
      null,
    )
    kept++
    return status(request)
  }

  async function prove(request: string, isRenewal = false) {
    const stored = await demandStored(request)
    if (prover === null)
      throw new ShoalError('request_offline', 'this node is cut off from the web: it can look for no proof')
    const subjects = stored.asked.map(readSubject)
    const open = subjects.filter(({ host }, i) => host !== null && (isRenewal || stored.proofs[i] === 'none'))
    // of several pictures of a host each has its own signals, and all the same records and file
    const found = await Promise.all(
      open.map(async ({ kind, host, value }) => ({
        ...{ kind, value, host: host! },
        ...(await lookForProof({ host: host!, address: kind === 'url' ? value : null }, request, prover)),
      })),
    )
    const proofs = stored.proofs.map((proof, i) => {
      const { kind, value } = subjects[i]!
      return found.find((one) => one.kind === kind && one.value === value)?.proof ?? proof
    })
    const isLost = (proof: Proof, i: number) => proof === 'none' && stored.proofs[i] !== 'none'
    if (found.some(({ proof }) => proof !== 'none'))
      await inTurn(async () => {
        const receipt = await readReceipt(stored)
        const renewed = proofs.map((proof, i) => (isLost(proof, i) ? stored.proofs[i]! : proof))
        await remove(request, { ...stored, proofs: renewed }, receipt, isRenewal)
      })
    return { ...(await status(request)), found: found.map(({ kind: _, value: _v, ...one }) => one) }
  }

  async function demandStored(request: string): Promise<StoredRequest> {
    const stored = await readStored(store.requests, request)
    if (stored !== null) return stored
    const { nodes } = await status(request)
    throw new ShoalError('request_elsewhere', `${nodes.join(', ')} took this request: ask there`)
  }

  async function status(request: string): Promise<RequestState> {
    const [stored, all, rejected] = [
      await readStored(store.requests, request),
      await allKnown(),
      await reviews.rejected(),
    ]
    const token = tokenOf(request)
    const others = all.flatMap((one) => one.askedBy(request))
    const nodes = [...new Set(others.map(({ value }) => nameOfPeer(value.source)))]
    if (stored === null) {
      const said = readSubjects(request, all)
      const [first] = said
      if (!first)
        throw new ShoalError(
          'request_unknown',
          `no request ${JSON.stringify(request.slice(0, 40))} is known here: it may take a minute to come from another node`,
        )
      return {
        ...{ request, isHere: false, reason: first.removal.reason, received: null, deadline: null, nodes },
        ...{ subjects: said.map((one) => tellState(one, all, rejected)), unproven: [], token },
      }
    }
    const receipt = await readReceipt(stored)
    const subjects = stored.asked.map(readSubject)
    const states = subjects.map((one, i) => {
      const state = tellState({ ...one, proof: stored.proofs[i]! }, all, rejected)
      const wasHidden = receipt.subjects[i]!.removals.length > 0
      return state.fate === 'waiting' && wasHidden ? { ...state, fate: 'over' as const } : state
    })
    const unproven = subjects.flatMap(({ host }, i) =>
      host !== null && stored.proofs[i] === 'none' && states[i]!.fate !== 'removed' ? [host] : [],
    )
    const { reason, received } = stored
    return {
      ...{ request, isHere: true, reason, received, deadline: receipt.deadline, nodes },
      ...{ subjects: states, unproven: [...new Set(unproven)], token },
    }
  }

  /** Renew what is proven, and forget what is long over. */
  async function look(): Promise<void> {
    const now = clock()
    for await (const [request, { received, proofs }] of readAllStored(store.requests)) {
      if (closed) return
      const { subjects } = await status(request)
      const isOpen = subjects.some(({ fate }, i) => proofs[i] !== 'none' && fate !== 'removed')
      const ends = subjects.map(({ until }, i) => (proofs[i] === 'none' ? null : until))
      if (isOpen && prover !== null && ends.some((until) => until !== null && until < now + RENEW_MS))
        await prove(request, true).catch(() => {})
      else if (!isOpen && now > received + KEPT_MS) {
        await store.requests.del(storedKey(request))
        kept--
      }
    }
  }
  let looking: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(look).catch(() => {})
  }, HOUR_MS).unref()

  return {
    ask: (request) => inTurn(() => ask(request)),
    prove: (request) => prove(request),
    status,
    async receipt(request) {
      const { receipt } = await demandStored(request)
      const opened = await open(receipt, verifySignature)
      return writeReceiptFile(opened.id, decodeReceipt(opened), receipt)
    },
    async list() {
      const names: [string, number][] = []
      for await (const [name, { received }] of readAllStored(store.requests)) names.push([name, received])
      names.sort((a, b) => b[1] - a[1])
      return Promise.all(names.map(([name]) => status(name)))
    },
    reviews: reviews.list,
    decide: (request, decision) =>
      inTurn(async () => {
        await reviews.decide(request, decision)
        return status(request)
      }),
    async close() {
      closed = true
      clearInterval(timer)
      known.close()
      await Promise.all([turn, looking])
    },
  }
}

async function readReceipt({ receipt }: StoredRequest): Promise<Receipt> {
  return decodeReceipt(await open(receipt, verifySignature))
}

function isLine(text: string): boolean {
  return (
    text.trim() !== '' && Buffer.byteLength(text) <= MAX_LABEL_BYTES && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
  )
}
