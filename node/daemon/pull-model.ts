import { basename, dirname } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { checkCampaign } from '../campaigns/campaigns.ts'
import type { Progress } from '../components.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import type { Network } from '../network/network.ts'
import { parseCampaign } from '../parse-cid.ts'
import { EMBEDDED, obtainHeads, obtainModel } from '../score/score.ts'
import type { FetchRunning } from './fetch-wanted.ts'
import { findModelPeers, type ModelOptions, whereToLook } from './obtain-model.ts'

export interface ModelRequest {
  /** the campaign's CID; it need not be taken part in */
  campaign: string
  /** one of the model's; null: any */
  precision: string | null
  /** multiaddrs of nodes that are called first */
  peers: readonly string[]
}

export interface CampaignModel {
  /** what it is called here: `--model` takes it */
  name: string
  /** what the campaign calls it */
  repo: string
  directory: string
  precision: string
  bytes: number
}

/**
 * Get a campaign's model and heads from its members, or from the model's origin.
 *
 * @throws ShoalError `cid_invalid`, `campaign_unfound`; as `obtainModel`, `obtainHeads`
 */
export async function pullCampaignModel(
  { home, network }: { home: Pick<Home, 'store'>; network: Network },
  { campaign, precision, peers }: ModelRequest,
  options: ModelOptions,
  { signal, onProgress, log }: Omit<FetchRunning, 'signal'> & { signal: AbortSignal; log: Log },
): Promise<CampaignModel> {
  const id = parseCampaign(campaign)
  for (const peer of peers) await network.dial(peer)
  const envelope = (await home.store.campaigns.get(id.bytes)) ?? (await network.fetchCampaign(id, { signal }))
  if (!envelope)
    throw new ShoalError(
      'campaign_unfound',
      `nobody here knows campaign ${id}: name a node that takes part in it with --peer`,
    )
  const { model, safety } = (await checkCampaign(id, envelope)).pipeline
  const taking = {
    ...whereToLook({ ...options, precision }),
    ...{ peers: () => findModelPeers(network, id, signal), signal },
    onLie(peer: string, reason: string) {
      log.warn({ peer, reason }, 'a peer gave a false file')
      void network.shun(peer)
    },
    onProgress: ({ done, total }: { done: number; total: number }) =>
      onProgress?.({
        ...{ file: campaign, segment: 0, segments: 1 },
        stages: [{ stage: 'model', done, total, unit: 'bytes' }],
      } satisfies Progress),
  }
  const obtained = await obtainModel(model, taking)
  await obtainHeads(safety.heads, taking)
  const { directory, files } = obtained
  const isNamed = directory === EMBEDDED || dirname(directory) === taking.cacheDir
  return {
    ...{
      name: isNamed ? basename(directory) : directory,
      repo: model.repo,
      directory,
      precision: obtained.precision,
    },
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  }
}
