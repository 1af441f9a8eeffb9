import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nameOfPeer } from '../../../node/identity.ts'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { openRemovals } from '../../../node/removals/removals.ts'
import { openRequests, type RequestsParts } from '../../../node/requests/requests.ts'
import { openStore } from '../../../node/store/store.ts'
import { makeSigner, sealCampaign } from '../ledger/make-records.ts'

export const DAY = 86_400_000

/** An organiser's node and another one, both of one campaign, whose clocks are set by hand. */
export async function openBoth(stack: AsyncDisposableStack, prover: RequestsParts['prover'] = null) {
  const { id: campaign, bytes } = await sealCampaign(1)
  const dir = await mkdtemp(join(tmpdir(), 'shoal-requests-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const time = { now: Date.UTC(2026, 0, 1) }
  const clock = () => time.now

  /** @param number - of the node's signer; the organiser's is 0 */
  async function openNode(number: number) {
    const opened = new AsyncDisposableStack()
    stack.use(opened)
    const store = await openStore(join(dir, String(number)))
    opened.defer(() => store.close())
    const ledger = await openLedger({ store, verify: verifyInPool, clock })
    opened.defer(() => ledger.close())
    await ledger.add(bytes, 'own')
    const signer = makeSigner(number)
    const removals = await openRemovals({ store, signer, ledger, clock })
    opened.defer(() => removals.close())
    const requests = await openRequests({ store, signer, removals, prover, clock })
    opened.defer(() => requests.close())
    const close = () => opened.disposeAsync()
    return { peer: nameOfPeer(signer.publicKey), store, ledger, removals, requests, close }
  }

  return { campaign, time, openNode, custodian: await openNode(0), other: await openNode(1) }
}
