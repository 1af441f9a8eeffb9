import { randomBytes } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { open, type Signer } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_LABEL_BYTES, MAX_SUBJECTS_ASKED } from '../../protocol/limits.ts'
import { decodeReceipt, type Proof, type Receipt } from '../../protocol/records/receipt.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import { verifySignature } from '../identity.ts'
import { nameOfSubject, type Removals } from '../removals/removals.ts'
import type { Store } from '../store/store.ts'
import { startHiding } from './hide.ts'
import { keepKnown } from './known-removals.ts'
import { type Evidence, lookForProofs, type Prover } from './look-for-proof.ts'
import { type Asked, readSubject } from './read-subject.ts'
import { writeReceiptFile } from './receipt-file.ts'
import { type MeantRow, makeReviews, type Review } from './review.ts'
import { readAllStored, readStored, type StoredRequest, storedKey } from './stored.ts'
import { type RequestState, readReceipt, tellRequests } from './tell-request.ts'

export type { Asked } from './read-subject.ts'
export { WELL_KNOWN } from './read-well-known.ts'
export { readReceiptFile } from './receipt-file.ts'
export { startResolveTxt } from './resolve-txt.ts'
export type { Review } from './review.ts'
export { startProver } from './start-prover.ts'
export type { RequestState } from './tell-request.ts'
export type { Fate, SubjectState } from './tell-state.ts'

/** What somebody asks for. */
export interface Request {
  asked: readonly Asked[]
  reason: Receipt['reason']
  /** how to reach whoever asks: kept at this node alone; or null */
  contact: string | null
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
  /** The requests that this node took, the latest 1,000, the newest first. */
  list(): Promise<RequestState[]>
  /** What waits for this node's word, in the campaigns that it is a custodian of; what ends soonest comes first. */
  reviews(): Promise<Review[]>
  /**
   * Decide on a request as a custodian: remove what it asks for, for good; or let it lapse.
   *
   * @param name - as `Review.request`
   * @throws ShoalError `request_unknown`, `review_none` where this node is no custodian of its campaigns
   */
  decide(name: string, decision: 'confirm' | 'reject'): Promise<RequestState>
  /** Renew what is proven, and forget what is long over. It happens once an hour as well. */
  look(): Promise<void>
  close(): Promise<void>
}

export interface RequestsParts {
  store: Store
  signer: Signer
  removals: Removals
  /** null: this node does not look for proofs */
  prover: Prover | null
  /** rows here that a removal means, hidden ones too; absent: nobody tells */
  meant?: ((subject: Removal['subject'], limit: number) => Promise<MeantRow[]>) | undefined
  /** milliseconds since 1970 */
  clock: () => number
}

/** Requests that are kept at a time: some 50 MB. */
const MAX_KEPT = 100_000
/** Of these, what is listed. */
const MAX_LISTED = 1_000
/** Things asked for in an hour, by all who ask: so many removals other nodes take from one that is no custodian. */
const MAX_ASKED_PER_HOUR = 300
const HOUR_MS = 3_600_000
/** What people wrote is kept for this long after they wrote it, unless a proof of theirs is to be renewed. */
const KEPT_MS = 90 * 24 * HOUR_MS
/** A proven removal that nobody has confirmed is renewed when it ends within this, if the proof still holds. */
const RENEW_MS = 3 * 24 * HOUR_MS

/** Open the requests that a node has taken. */
export async function openRequests(parts: RequestsParts): Promise<Requests> {
  const { store, prover, clock } = parts
  const known = keepKnown(parts)
  const reviews = makeReviews(parts, known)
  const status = tellRequests(parts, known, reviews.rejected)
  const hide = await startHiding(parts, known)
  const lately: number[] = []
  let turn: Promise<unknown> = Promise.resolve()
  let closed = false
  const proving = new Map<string, ReturnType<typeof prove>>()
  let kept = (await store.requests.keys().all()).length

  /** One after the other: what one has removed the next one need not. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  async function ask({ asked, reason, contact }: Request): Promise<RequestState> {
    if (asked.length === 0 || asked.length > MAX_SUBJECTS_ASKED)
      throw new ShoalError('request_many', `ask for one to ${MAX_SUBJECTS_ASKED} things at a time`)
    if (contact !== null && !isLine(contact))
      throw new ShoalError('request_contact', `the contact is one line of at most ${MAX_LABEL_BYTES} bytes`)
    const named = asked.map(readSubject)
    const subjects = [...new Map(named.map((one) => [nameOfSubject(one), one])).values()]
    if ((await store.campaigns.keys({ limit: 1 }).all()).length === 0)
      throw new ShoalError(
        'request_campaigns',
        'this node takes part in no campaign, so that it has nothing to remove: ask one that does',
      )
    const now = clock()
    while (lately.length > 0 && lately[0]! <= now - HOUR_MS) lately.shift()
    if (kept >= MAX_KEPT)
      throw new ShoalError('requests_full', 'this node keeps as many requests as it can: ask another node')
    if (lately.length + subjects.length > MAX_ASKED_PER_HOUR)
      throw new ShoalError(
        'requests_full',
        'this node takes no more requests at the moment: try again in an hour, or ask another node',
      )
    lately.push(...subjects.map(() => now))
    const draw = () => base32.baseEncode(randomBytes(16))
    const request = draw()
    await hide(
      request,
      {
        asked: subjects.map(({ kind, value }) => ({ kind, value })),
        ...{ key: draw(), reason, contact, received: now, proofs: subjects.map((): Proof => 'none') },
      },
      { receipt: null, renewed: [] },
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
    const evidence = await lookForProofs(
      open.map(({ kind, host, value }) => ({ host: host!, address: kind === 'url' ? value : null })),
      request,
      prover,
    )
    const found = open.map(({ kind, host, value }, i) => ({ kind, value, host: host!, ...evidence[i]! }))
    const proofs = subjects.map(
      (subject) =>
        found.find((one) => one.kind === subject.kind && one.value === subject.value)?.proof ?? 'none',
    )
    if (proofs.some((proof) => proof !== 'none'))
      await inTurn(async () => {
        const receipt = await readReceipt(stored)
        // what was proven once stays so for people to see, but is hidden anew only as long as it is
        const all = stored.proofs.map((proof, i) => (proofs[i] === 'none' ? proof : proofs[i]!))
        const renewed = isRenewal ? proofs.map((proof) => proof !== 'none') : []
        await hide(request, { ...stored, proofs: all }, { receipt, renewed })
      })
    return { ...(await status(request)), found: found.map(({ kind: _, value: _v, ...one }) => one) }
  }

  async function demandStored(request: string): Promise<StoredRequest> {
    const stored = await readStored(store.requests, request)
    if (stored !== null) return stored
    const { nodes } = await status(request)
    throw new ShoalError('request_elsewhere', `${nodes.join(', ')} took this request: ask there`)
  }

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
  const lookLater = () => (looking = looking.then(look).catch(() => {}))
  const timer = setInterval(lookLater, HOUR_MS).unref()

  return {
    ask: (request) => inTurn(() => ask(request)),
    prove(request) {
      // whoever presses the button twice gets one answer
      const underWay = proving.get(request) ?? prove(request).finally(() => proving.delete(request))
      proving.set(request, underWay)
      return underWay
    },
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
      return Promise.all(names.slice(0, MAX_LISTED).map(([name]) => status(name)))
    },
    reviews: reviews.list,
    decide: (name, decision) =>
      inTurn(async () => {
        await reviews.decide(name, decision)
        return status(name.split('@')[0]!)
      }),
    look: lookLater,
    async close() {
      closed = true
      clearInterval(timer)
      known.close()
      await Promise.all([turn, looking])
    },
  }
}

function isLine(text: string): boolean {
  return (
    text.trim() !== '' && Buffer.byteLength(text) <= MAX_LABEL_BYTES && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
  )
}
