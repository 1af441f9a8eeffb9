import { findDataDir } from '../node/paths.ts'
import type { Context } from './declarations.ts'

type Campaigns = import('../node/manage-campaigns.ts').Campaigns

type Awaitable<F extends (...all: never[]) => unknown> = Promise<Awaited<ReturnType<F>>>

/** Do something with the campaigns of the data directory that the command line names. */
export async function manage<Act extends keyof Campaigns>(
  { options }: Context,
  act: Act,
  argument: Parameters<Campaigns[Act]>[0] | null,
): Awaitable<Campaigns[Act]> {
  const dataDir = findDataDir(options.data)
  // loaded last: whatever can be refused without a node is refused before
  const { withCampaigns } = await import('../node/manage-campaigns.ts')
  return await withCampaigns(dataDir, async (campaigns): Awaitable<Campaigns[Act]> => {
    const perform = campaigns[act] as (argument: unknown) => Awaitable<Campaigns[Act]>
    return perform(argument)
  })
}
