import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import {
  type CampaignDetails,
  type CampaignPlan,
  describeCampaign,
  openCampaign,
  readSources,
  type SourceRequest,
  signCampaign,
} from './campaigns/campaigns.ts'
import { chooseRules, findPreset } from './choose-rules.ts'
import { type Home, openHome } from './home.ts'
import { type Counts, type Ledger, openLedger, verifyInPool } from './ledger/ledger.ts'
import { parseCampaign } from './parse-cid.ts'
import { openScorer } from './score/score.ts'

export interface CampaignRequest extends SourceRequest {
  name: string
  /** e-mail or https address, for the sites that every node asks */
  contact: string
  /** a key of PRESETS */
  preset: string
  /** a directory, `hf:owner/name@revision`, or null for the embedded model */
  model: string | null
  threshold: number | null
  /** verifiers of a shard, and rows of each frame that one looks at, in place of the usual */
  audit?: CampaignPlan['audit']
}

/** A campaign, and where it stands as this node sees it; null where this node takes no part in it. */
export interface CampaignStanding extends CampaignDetails {
  counts: Counts | null
}

export interface Campaigns {
  /** Make and sign a campaign, and take part in it. */
  create(request: CampaignRequest): Promise<CampaignStanding>
  show(cid: string): Promise<CampaignStanding>
  /** those that this node takes part in */
  list(): CampaignStanding[]
  /** Take no part any more: the campaign's records are forgotten, shards stay. */
  leave(cid: string): Promise<void>
}

export function manageCampaigns(home: Home, ledger: Ledger, dataDir: string): Campaigns {
  const joined = (id: CID) => ledger.campaigns().find((one) => one.id.equals(id))
  const show = async (id: CID) => ({
    ...describeCampaign(id, await openCampaign(home.store, id)),
    counts: joined(id) ? ledger.counts(id) : null,
  })
  return {
    async create(request) {
      findPreset(request.preset)
      const sources = await readSources(request)
      const cacheDir = join(dataDir, 'models')
      const scorer = await openScorer(request.model ?? undefined, {
        cacheDir,
        threads: availableParallelism(),
      })
      const { model } = scorer
      const rules = chooseRules(request, scorer)
      await scorer.close()
      const { name, contact, audit } = request
      const signed = await signCampaign(home, { name, contact, sources, rules, model, audit })
      await ledger.add(signed.envelope, 'own')
      return show(signed.campaign)
    },
    show: async (cid) => show(parseCampaign(cid)),
    list: () =>
      ledger.campaigns().map(({ id, campaign }) => ({
        ...describeCampaign(id, campaign),
        counts: ledger.counts(id),
      })),
    leave: async (cid) => ledger.leave(parseCampaign(cid)),
  }
}

/** The campaigns in a data directory whose daemon is not running. @throws ShoalError as `openHome`, `openLedger` */
export async function withCampaigns<T>(
  dataDir: string,
  use: (campaigns: Campaigns) => Promise<T>,
): Promise<T> {
  const home = await openHome(dataDir)
  try {
    const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
    try {
      return await use(manageCampaigns(home, ledger, dataDir))
    } finally {
      await ledger.close()
    }
  } finally {
    await home.close()
  }
}
