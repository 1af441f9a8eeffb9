import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeReceipt, type Receipt, readBasis } from '../../protocol/records/receipt.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import type { Store } from '../store/store.ts'
import type { keepKnown } from './known-removals.ts'
import { tokenOf } from './look-for-proof.ts'
import { readSubject } from './read-subject.ts'
import { readStored, type StoredRequest } from './stored.ts'
import { readSubjects, type SubjectState, tellState } from './tell-state.ts'

/** Where a request stands. */
export interface RequestState {
  /** its name */
  request: string
  /** by which others know who asked, at the node that took it; elsewhere null */
  key: string | null
  /** whether this node took it: it has the receipt, and looks for proofs */
  isHere: boolean
  reason: Receipt['reason']
  /** milliseconds since 1970; null at nodes that did not take it */
  received: number | null
  deadline: number | null
  /** peers that say to have taken it; where no word of theirs is in force any more, who confirmed it */
  nodes: string[]
  subjects: SubjectState[]
  /** hosts that have proven nothing yet */
  unproven: string[]
  /** what a host says to prove the request */
  token: string
}

/** Tells where requests stand, whoever took them, by the removals that are known here. */
export function tellRequests(
  { store }: { store: Store },
  known: ReturnType<typeof keepKnown>,
  rejected: () => Promise<ReadonlySet<string>>,
) {
  /** @throws ShoalError `request_unknown` */
  return async (request: string): Promise<RequestState> => {
    const stored = await readStored(store.requests, request)
    const all = await Array.fromAsync(known.all())
    const refused = await rejected()
    const others = all.flatMap((one) => one.askedBy(request))
    const took = others.filter(({ value }) => readBasis(value.basis)!.proof !== 'confirmed')
    const nodes = [...new Set((took.length > 0 ? took : others).map(({ value }) => nameOfPeer(value.source)))]
    const said = stored === null ? readSubjects(request, all) : []
    if (stored === null && said.length === 0)
      throw new ShoalError(
        'request_unknown',
        `no request ${JSON.stringify(request.slice(0, 40))} is known here: it may take a minute to come from another node`,
      )
    const told =
      stored === null
        ? {
            ...{ key: null, isHere: false, reason: said[0]!.removal.reason, received: null, deadline: null },
            ...{ subjects: said.map((one) => tellState(one, all, refused)), unproven: [] },
          }
        : await tellOwn(stored, all, refused)
    return { request, nodes, token: tokenOf(request), ...told }
  }
}

async function tellOwn(
  stored: StoredRequest,
  all: Parameters<typeof tellState>[1],
  refused: ReadonlySet<string>,
) {
  const { key, reason, received } = stored
  const receipt = await readReceipt(stored)
  const asked = stored.asked.map(readSubject)
  const subjects = asked.map((one, i) => {
    const state = tellState({ ...one, proof: stored.proofs[i]! }, all, refused)
    // removals that are over are forgotten
    const wasHidden = receipt.subjects[i]!.removals.length > 0
    return state.fate === 'waiting' && wasHidden ? { ...state, fate: 'over' as const } : state
  })
  const unproven = asked.flatMap(({ host }, i) =>
    host !== null && stored.proofs[i] === 'none' && subjects[i]!.fate !== 'removed' ? [host] : [],
  )
  return {
    ...{ key, isHere: true, reason, received, deadline: receipt.deadline, subjects },
    unproven: [...new Set(unproven)],
  }
}

export async function readReceipt({ receipt }: Pick<StoredRequest, 'receipt'>): Promise<Receipt> {
  return decodeReceipt(await open(receipt, verifySignature))
}
