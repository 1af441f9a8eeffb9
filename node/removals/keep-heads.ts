import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import type { Signer } from '../../protocol/envelope.ts'
import { makeHead } from '../../protocol/records/head.ts'
import { isCustodianOf } from '../../protocol/rules/admit-removal.ts'
import { MAX_HEAD_MS } from '../../protocol/timing.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { chainEnd } from './chain-end.ts'
import { isComplete } from './fresh.ts'
import { rootOfRemovals } from './subjects-of.ts'

/** A head is signed anew after this, so that others have one that is not stale while this node is away for a night. */
const RENEW_MS = 6 * 3_600_000

interface Parts {
  ledger: Ledger
  signer: Signer
  clock: () => number
  publish: (campaign: CID, bytes: Uint8Array) => Promise<unknown>
}

/**
 * Say, in the campaigns that this node is a custodian of, which removals it has signed, wherever its last word on that is
 * old or no longer true.
 */
export async function renewHeads({ ledger, signer, clock, publish }: Parts): Promise<void> {
  for (const { id, campaign } of ledger.campaigns()) {
    if (!isCustodianOf(campaign, signer.publicKey)) continue
    const known = ledger.removalsOf(id)
    const now = clock()
    const { seq, last } = await chainEnd(known, signer.publicKey)
    const own = (await known.heads()).find(({ value }) => equalBytes(value.source, signer.publicKey))?.value
    if (own && own.seq === seq && now < own.thisUpdate + RENEW_MS && isComplete(known, own)) continue
    const head = await makeHead(
      {
        ...{ campaign: id, seq, last },
        root: rootOfRemovals(known.inForce(now, { source: signer.publicKey, before: seq })),
        ...{ thisUpdate: now, nextUpdate: now + MAX_HEAD_MS },
      },
      signer,
    )
    const { verdict } = await ledger.add(head.bytes, 'own')
    if (verdict === 'accept') await publish(id, head.bytes)
  }
}
