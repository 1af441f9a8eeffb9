import { VERSION } from '../version.ts'
import { openWeb, type WebOptions } from '../web/web.ts'
import type { Prover } from './look-for-proof.ts'
import { startResolveTxt } from './resolve-txt.ts'

/**
 * The guarded way by which a node looks for proofs.
 *
 * @param contact - for the sites that are asked: an e-mail or web address, or the node's name
 * @param played - where this machine plays the web: no name server is asked then
 */
export function startProver({
  contact,
  played,
}: {
  contact: string
  played?: { web: WebOptions; limits: NonNullable<Prover['asks']>['limits'] } | null | undefined
}): Prover & { close(): Promise<void> } {
  const web = openWeb(played?.web)
  return {
    ...{ web, userAgent: `Shoal/${VERSION} (+${contact})` },
    resolveTxt: played ? null : startResolveTxt(),
    asks: played ? { limits: played.limits } : undefined,
    close: () => web.close(),
  }
}
