import type { CID } from 'multiformats/cid'
import type { BlockSource } from '../components.ts'
import type { Network } from '../network/network.ts'

export interface Wanted {
  /** what the sources are to have: a manifest, a release */
  root: CID
  /** whose members may have it; null where that is not known yet */
  campaign: CID | null
  /** asked before any other */
  first?: readonly BlockSource[]
}

/** Who may have something: those named, then members of its campaign or whoever is connected, then its providers in the DHT. */
export async function* findSources(
  network: Pick<Network, 'blockSource' | 'findProviders' | 'members' | 'peers'>,
  { root, campaign, first = [] }: Wanted,
  signal: AbortSignal,
): AsyncGenerator<BlockSource> {
  yield* first
  const providers = network.findProviders(root, { signal })
  providers.catch(() => {})
  if (campaign === null) for (const { id } of await network.peers()) yield network.blockSource(id)
  else for await (const peer of network.members(campaign, { signal })) yield network.blockSource(peer)
  for (const peer of await providers) yield network.blockSource(peer)
}
