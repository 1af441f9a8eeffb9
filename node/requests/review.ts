import { encode } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { basisOf, type Proof, readBasis } from '../../protocol/records/receipt.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import type { SubjectKind } from '../../protocol/rules/remove.ts'
import { nameOfPeer } from '../identity.ts'
import { nameOfSubject } from '../removals/removals.ts'
import type { KnownRemovals, keepKnown } from './known-removals.ts'
import { readSubject } from './read-subject.ts'
import type { RequestsParts } from './requests.ts'
import { readAllStored, readStored } from './stored.ts'

/** A request that waits for a custodian's word. */
export interface Review {
  /** its name; where others use it as well, who took it behind `@`: a stranger adds nothing to a request */
  request: string
  campaign: string
  /** the campaign's */
  name: string
  /** who took it */
  node: string
  reason: Removal['reason']
  /** milliseconds since 1970 */
  received: number
  /** when it lapses; null where nothing is hidden before it is proven */
  until: number | null
  /** what the node that took it has found, and what is to be removed: by its hash, and here alone by its name */
  subjects: {
    kind: SubjectKind
    hash: string
    value: string | null
    proof: Proof
    /** some of the rows here that it means; none where it is asked for safety's sake */
    rows: MeantRow[]
  }[]
  /** how whoever asked can be reached, at the node that took the request */
  contact: string | null
}

export interface MeantRow {
  url: string
  page: string
  text: string
}

/** Rows that are told of each thing to decide on. */
const MAX_ROWS = 3

interface Open {
  proof: Proof
  removal: Removal | null
  subject: Removal['subject']
  value: string | null
  reason: Removal['reason']
}

/** What custodians do with requests. */
export function makeReviews(
  { store, signer, removals, meant, clock }: RequestsParts,
  known: ReturnType<typeof keepKnown>,
) {
  const own = nameOfPeer(signer.publicKey)

  /** Ids of removals that this node, as a custodian, has refused to confirm. */
  async function rejected(): Promise<ReadonlySet<string>> {
    const keys = await store.reviews.keys().all()
    return new Set(keys.map((key) => Buffer.from(key).toString('latin1')))
  }

  async function* judged(): AsyncGenerator<KnownRemovals> {
    for await (const one of known.all()) if (await removals.isCustodian(one.campaign)) yield one
  }

  /** By what is decided on, as `Review.request` has it: what is neither removed for good nor refused in a campaign. */
  async function openIn(one: KnownRemovals): Promise<Map<string, Open[]>> {
    const found = new Map<string, Open[]>()
    const refused = await rejected()
    const taken = new Set(
      (await store.requests.keys().all()).map((key) => Buffer.from(key).toString('latin1')),
    )
    const add = (request: string, open: Open) => {
      const others = found.get(request) ?? []
      const name = nameOfSubject(open.subject)
      if (!others.some(({ subject }) => nameOfSubject(subject) === name))
        found.set(request, [...others, open])
    }
    const sources = sourcesIn(one)
    for (const { id, value: removal, isInForce } of one.all()) {
      const asked = readBasis(removal.basis)
      if (!isInForce || removal.expires === null || asked === null || asked.proof === 'confirmed') continue
      if (refused.has(id.toString()) || isRemoved(one, removal.subject)) continue
      const { subject, reason } = removal
      const node = nameOfPeer(removal.source)
      const isAlone = node === own || (sources.get(asked.request)?.size === 1 && !taken.has(asked.request))
      const name = isAlone ? asked.request : `${asked.request}@${node}`
      add(name, { proof: asked.proof, removal, subject, value: null, reason })
    }
    for await (const [request, { asked, proofs, reason }] of readAllStored(store.requests))
      for (const [i, { kind, value, hash }] of asked.map(readSubject).entries()) {
        const open = found
          .get(request)
          ?.find(({ subject }) => nameOfSubject(subject) === nameOfSubject({ kind, hash }))
        if (open) open.value = value
        else if (kind === 'origin' && proofs[i] === 'none' && !refused.has(request)) {
          const subject = { kind, hash }
          if (!isRemoved(one, subject)) add(request, { proof: 'none', removal: null, subject, value, reason })
        }
      }
    return found
  }

  return {
    rejected,

    async list(): Promise<Review[]> {
      const all: Review[] = []
      for await (const one of judged())
        for (const [request, open] of await openIn(one)) {
          // only what this very node took has a name without another's
          const stored = await readStored(store.requests, request)
          const times = open.flatMap(({ removal }) => removal?.expires ?? [])
          const first = open[0]!
          all.push({
            ...{ request, campaign: one.campaign.toString(), name: one.name, reason: first.reason },
            node: nameOfPeer(first.removal?.source ?? signer.publicKey),
            received: stored?.received ?? Math.min(...open.map(({ removal }) => removal!.issued)),
            until: times.length === 0 ? null : Math.min(...times),
            subjects: await Promise.all(
              open.map(async ({ subject, value, proof, reason }) => ({
                ...{ kind: subject.kind, hash: Buffer.from(subject.hash).toString('hex'), value, proof },
                rows: reason === 'safety' ? [] : ((await meant?.(subject, MAX_ROWS)) ?? []),
              })),
            ),
            contact: stored?.contact ?? null,
          })
        }
      return all.sort((a, b) => (a.until ?? Infinity) - (b.until ?? Infinity))
    },

    async decide(name: string, decision: 'confirm' | 'reject'): Promise<void> {
      const request = name.split('@')[0]!
      let decided = 0
      for await (const one of judged()) {
        const open = (await openIn(one)).get(name) ?? []
        if (open.length === 0) continue
        decided++
        if (decision === 'confirm')
          await removals.issue(
            one.campaign,
            open.map(({ subject, reason }) => ({
              ...{ subject, reason, basis: basisOf('confirmed', request), expires: null },
            })),
          )
        else await reject(one, request, open)
        known.forget(one.campaign)
      }
      if (decided === 0)
        throw new ShoalError(
          'review_none',
          `nothing of request ${JSON.stringify(name.slice(0, 90))} waits for this node: \`shoal removals review\` lists what does`,
        )
    },
  }

  /** What others have hidden lapses by itself; what this node has, it takes back. */
  async function reject(one: KnownRemovals, request: string, open: readonly Open[]): Promise<void> {
    const sources = new Set(open.map(({ removal }) => (removal ? nameOfPeer(removal.source) : own)))
    const taking = open.filter(({ removal }) => removal && nameOfPeer(removal.source) === own)
    if (taking.length > 0)
      await removals.issue(
        one.campaign,
        taking.map(({ subject, reason }) => ({
          ...{ subject, reason, basis: `rejected: request ${request}`, expires: null, takeBack: true },
        })),
      )
    const note = encode({ at: clock() })
    const put = (name: string) => store.reviews.put(Buffer.from(name, 'latin1'), note)
    for (const { id, value, isInForce } of one.askedBy(request))
      if (isInForce && value.expires !== null && sources.has(nameOfPeer(value.source)))
        await put(id.toString())
    if (open.some(({ removal }) => removal === null)) await put(request)
  }
}

/** Who have hidden something in the name of each request. */
function sourcesIn(one: KnownRemovals): Map<string, Set<string>> {
  const sources = new Map<string, Set<string>>()
  for (const { value } of one.all()) {
    const asked = readBasis(value.basis)
    if (asked === null || asked.proof === 'confirmed') continue
    const others = sources.get(asked.request) ?? new Set()
    sources.set(asked.request, others.add(nameOfPeer(value.source)))
  }
  return sources
}

function isRemoved(one: KnownRemovals, subject: Removal['subject']): boolean {
  return one.of(subject).some(({ isInForce, value }) => isInForce && value.expires === null)
}
