import { compareBytes } from '../protocol/rules/select.ts'
import { defaultPolicy, type Policy } from '../protocol/rules/standing.ts'
import { keyOfPeer } from './identity.ts'

/** What a consumer asks for; null: what the campaign does. Operators are peers' ids. */
export interface PolicyRequest {
  quorum: number | null
  operators: string[] | null
  leastStanding: number | null
}

/** @returns a policy of which the operators ascend, none twice. @throws ShoalError `peer_invalid` */
export function readPolicy(audit: { verifiers: number }, request: PolicyRequest | null): Policy {
  const usual = defaultPolicy(audit)
  if (request === null) return usual
  const { quorum, operators, leastStanding } = request
  return {
    quorum: quorum ?? usual.quorum,
    operators:
      operators === null ? usual.operators : [...new Set(operators)].map(keyOfPeer).sort(compareBytes),
    leastStanding: leastStanding ?? usual.leastStanding,
  }
}
