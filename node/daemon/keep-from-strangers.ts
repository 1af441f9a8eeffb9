import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import type { Denied } from '../denied/denied.ts'
import { keyOfPeer } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'

/**
 * Blocks with rows that are hidden go to those alone who may have to audit them: peers that were active in their campaign
 * within the last day. Those hide the rows as this node does.
 */
export function keepFromStrangers(
  ledger: Pick<Ledger, 'campaigns' | 'activePeers'>,
  denied: Pick<Denied, 'campaignOf'>,
): (peer: string, block: CID) => boolean {
  return (peer, block) => {
    const campaign = denied.campaignOf(block)
    if (campaign === null) return false
    if (!ledger.campaigns().some(({ id }) => id.equals(campaign))) return true
    const key = findKey(peer)
    return key === null || !ledger.activePeers(campaign).some((one) => equalBytes(one, key))
  }
}

/** @returns null where a peer's key is of another kind than those of Shoal's nodes */
function findKey(peer: string): Uint8Array | null {
  try {
    return keyOfPeer(peer)
  } catch {
    return null
  }
}
