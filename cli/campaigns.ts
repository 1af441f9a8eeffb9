import type { Campaigns } from '../node/manage-campaigns.ts'
import { findDataDir } from '../node/paths.ts'
import { tryControl } from './control.ts'
import type { Context } from './declarations.ts'

type Answer<Act extends keyof Campaigns> = Awaited<ReturnType<Campaigns[Act]>>

/** Do something with the campaigns of the command line's data directory: through its daemon, where one runs. */
export async function manage<Act extends keyof Campaigns>(
  context: Context,
  act: Act,
  argument: Parameters<Campaigns[Act]>[0] | null,
): Promise<Answer<Act>> {
  const answer = await tryControl(context, act, argument)
  if (answer !== undefined) return answer as Answer<Act>
  // loaded last: whatever can be refused without a node is refused before
  const { withCampaigns } = await import('../node/manage-campaigns.ts')
  return await withCampaigns(findDataDir(context.options.data), async (campaigns) => {
    const perform = campaigns[act] as (argument: unknown) => Promise<Answer<Act>>
    return await perform(argument)
  })
}
