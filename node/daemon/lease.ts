import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import type { Signer } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { makeClaim } from '../../protocol/records/claim.ts'
import { segmentKey } from '../../protocol/segment-key.ts'
import { LEASE_MS, MAX_HOLD_MS, RENEW_MS, SKEW_MS } from '../../protocol/timing.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Network } from '../network/network.ts'

export interface LeaseParts {
  ledger: Ledger
  network: Network
  signer: Signer
  clock: () => number
}

export interface Lease {
  /** whether it goes on from before this process: then nobody is waited for */
  resumed: boolean
  /** whether this node holds the segment, as far as it knows */
  holds(): boolean
  /**
   * Renew it where it is time to; to be called often, since a machine that slept may have missed the time.
   *
   * @throws ShoalError `lease_lost` where another has it, `lease_over` where no lease lasts any longer
   */
  renewInTime(): Promise<void>
  /** Give the segment up. */
  release(): Promise<void>
  /** Be found as its claimant no more. */
  end(): Promise<void>
}

/** Tell the ledger and everybody of a record of this node's own. @throws ShoalError `record_refused` */
export async function publishOwn(
  { ledger, network }: LeaseParts,
  campaign: CID,
  bytes: Uint8Array,
): Promise<void> {
  const { verdict, code } = await ledger.add(bytes, 'own')
  if (verdict !== 'accept' && code !== 'record_known')
    throw new ShoalError('record_refused', `this node's own record is refused: ${code}`)
  await network.publish(campaign, bytes)
}

/** Claim a segment: sign, publish, and become a provider of its key. */
export async function takeLease(parts: LeaseParts, campaign: CID, segment: number): Promise<Lease> {
  const { ledger, network, signer, clock } = parts
  const key = segmentKey(campaign, segment)
  const holding = () => ledger.holding(campaign, segment)
  function holds(): boolean {
    const now = holding()
    return now.state === 'held' && equalBytes(now.peer, signer.publicKey)
  }
  const resumed = holds()
  const before = ledger.claimOf(campaign, segment, signer.publicKey)?.value
  let issued = resumed && before ? before.issued : clock()
  let expires = issued
  let renewed = clock()
  // a clock's time grows over restarts as well, when earlier claims have been forgotten
  let seq = Math.max(before === undefined ? 0 : before.seq + 1, clock())

  async function claim(until: number): Promise<void> {
    expires = until
    renewed = clock()
    const record = await makeClaim({ campaign, segment, seq: seq++, issued, expires }, signer)
    await publishOwn(parts, campaign, record.bytes)
  }
  function claimOn(): Promise<void> {
    const until = Math.min(clock() + LEASE_MS, issued + MAX_HOLD_MS)
    if (until <= clock())
      throw new ShoalError('lease_over', `segment ${segment} took longer than any lease may last`)
    return claim(until)
  }
  await claimOn()
  network.provide(key)
  const end = () => network.withdraw(key)
  return {
    ...{ resumed, holds, end },
    async renewInTime() {
      const now = clock()
      // a clock that was ahead and has been set right: a claim from the future is heeded by nobody
      const isBack = now < renewed - SKEW_MS
      if (isBack) issued = Math.min(issued, now)
      else if (now < renewed + RENEW_MS) return
      else if (now >= expires && expires < issued + MAX_HOLD_MS) {
        // the machine slept too long: an old lease taken up again would oust whoever has begun since
        if (holding().state !== 'free' && !holds())
          throw new ShoalError('lease_lost', `segment ${segment} has gone to another while this node slept`)
        issued = now
      }
      await claimOn()
    },
    async release() {
      // dated now: one of hours ago would be over, and refused, while the lease that it is to end goes on
      issued = clock()
      await claim(issued)
      await end()
    },
  }
}
