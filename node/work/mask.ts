import { createHash, hash } from 'node:crypto'
import { isMasked, type MaskedOutcome } from '../../protocol/outcomes.ts'
import { pairUid } from '../../protocol/uid.ts'
import type { Candidate, CandidateOutcome, Gate, Page } from '../components.ts'
import { type Store, startingWith, type Write } from '../store/store.ts'
import type { Settled } from './queue.ts'

/** What a masked candidate becomes before anything of it is written: its place on the page, and nothing it says. */
export function maskCandidate(candidate: Candidate, page: Omit<Page, 'candidates'>, gate: Gate): Candidate {
  const uid = gate.namesPairs() ? uidOf(candidate, page) : ''
  if (!gate.hasAddress(candidate.url, page.url, uid)) return candidate
  return { ...candidate, url: '', text: '', language: null, license: null, outcome: 'withheld' }
}

/** The write that has every row with this address masked. */
export function maskWrite(store: Store, run: Uint8Array, url: string, outcome: MaskedOutcome): Write {
  return { type: 'put', sublevel: store.masked, key: maskKey(run, url), value: Buffer.from(outcome) }
}

export interface Masks {
  /** @returns how a row is to be masked, or null */
  find(page: Omit<Page, 'candidates'>, candidate: Candidate, end: Settled): MaskedOutcome | null
}

/** The masks of a run, by what it met and by what a gate names now. */
export async function openMasks(store: Store, run: Uint8Array, gate: Gate | null): Promise<Masks> {
  const masked = new Map<string, MaskedOutcome>()
  for await (const [key, outcome] of store.masked.iterator(startingWith(run)))
    masked.set(nameOf(key), Buffer.from(outcome).toString() as MaskedOutcome)

  function isNamed(page: Omit<Page, 'candidates'>, candidate: Candidate, end: Settled): boolean {
    if (gate === null) return false
    const { url } = candidate
    const { sha256, pdq, pair } = end
    const uid = gate.namesPairs() ? uidOf(candidate, page) : ''
    return gate.hasRow({ url, pageUrl: page.url, uid, sha256, md5: pair?.md5 ?? null, pdq })
  }

  return {
    find(page, candidate, end) {
      if (isMasked(end.outcome)) return end.outcome
      const name = nameOf(maskKey(run, candidate.url))
      const known = masked.get(name)
      if (known !== undefined) return known
      if (!isNamed(page, candidate, end)) return null
      // its later duplicates would name a row that there is not
      masked.set(name, 'withheld')
      return 'withheld'
    },
  }
}

/** @returns the row without what must not be told */
export function maskRow(row: CandidateOutcome, outcome: MaskedOutcome): CandidateOutcome {
  return {
    ...row,
    ...{ url: '', pageUrl: '', outcome, detail: null, similarity: null, sha256: null, pdq: null },
    ...{ imageOffset: null, imageLength: null },
  }
}

export function uidOf(
  { ordinal, url, text }: Candidate,
  { warcPath, warcOffset }: Omit<Page, 'candidates'>,
): string {
  const place = { warcPath, warcOffset, imageOrdinal: ordinal, url, text }
  return pairUid(place, (bytes) => hash('sha256', bytes))
}

function maskKey(run: Uint8Array, url: string): Uint8Array {
  return Buffer.concat([run, createHash('md5').update(url).digest()])
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('base64')
}
