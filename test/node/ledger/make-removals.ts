import type { CID } from 'multiformats/cid'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Sealed, Signer } from '../../../protocol/envelope.ts'
import { makeHead } from '../../../protocol/records/head.ts'
import { makeRemoval, type Removal } from '../../../protocol/records/removal.ts'
import { MAX_HEAD_MS } from '../../../protocol/timing.ts'
import { MINUTE, makeSigner, NOW, type Place, sealCampaign } from './make-records.ts'

export const DAY = 24 * 60 * MINUTE
/** The first is the organiser, who is a custodian; the others are not. */
export const signers = [0, 1, 2].map(makeSigner)
export const [organiser, stranger, other] = signers as [Signer, Signer, Signer]
export const campaign = await sealCampaign(4)

export const subjectOf = (number: number): Removal['subject'] => ({
  kind: 'url',
  hash: new Uint8Array(32).fill(number + 1),
})

/** For an hour by anybody, unless told otherwise. */
export function remove(signer: Signer, change: Partial<Removal> = {}): Promise<Sealed> {
  const seq = change.seq ?? 0
  return makeRemoval(
    {
      ...{ campaign: campaign.id, seq, previous: seq === 0 ? null : cidOf(encode(`before ${seq}`)) },
      ...{ subject: subjectOf(0), reason: 'rights', basis: 'a test', negates: null },
      ...{ issued: NOW, expires: NOW + DAY },
      ...change,
    },
    signer,
  )
}

export const takeBack = (signer: Signer, negates: CID, change: Partial<Removal> = {}) =>
  remove(signer, { seq: 1, negates, expires: null, ...change })

export function head(signer: Signer, change: Partial<Parameters<typeof makeHead>[0]> = {}): Promise<Sealed> {
  const { thisUpdate = NOW } = change
  return makeHead(
    {
      ...{ campaign: campaign.id, seq: 0, last: null, root: null },
      ...{ thisUpdate, nextUpdate: thisUpdate + MAX_HEAD_MS, ...change },
    },
    signer,
  )
}

/** First bytes of the hashes that are in force, each once. */
export function inForce({ ledger, time }: Place): number[] {
  const some = ledger.removalsOf(campaign.id).inForce(time.now)
  return [...new Set(some.map(({ subject }) => subject.hash[0]! - 1))].sort()
}
