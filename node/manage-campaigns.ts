import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../protocol/errors.ts'
import type { FilterRules } from '../protocol/rules/filter.ts'
import {
  type CampaignDetails,
  type CampaignPlan,
  describeCampaign,
  openCampaign,
  readSources,
  type Source,
  type SourceRequest,
  signCampaign,
} from './campaigns/campaigns.ts'
import { chooseConsent } from './choose-consent.ts'
import { chooseRules, findPreset } from './choose-rules.ts'
import { chooseSafety } from './choose-safety.ts'
import type { Scorer } from './components.ts'
import { type Home, openHome } from './home.ts'
import { keyOfPeer } from './identity.ts'
import { type Counts, type Ledger, openLedger, verifyInPool } from './ledger/ledger.ts'
import { parseCampaign } from './parse-cid.ts'
import { type HeadFile, keepHeads, openHeads, openScorer, tellPrecisions } from './score/score.ts'

export interface CampaignRequest extends SourceRequest {
  name: string
  /** e-mail or https address, for the sites that every node asks */
  contact: string | null
  /** a key of PRESETS */
  preset: string
  /** a directory, `hf:owner/name@revision`, or null for the embedded model */
  model: string | null
  /** that nodes may score with, of those the model has; the first one's thresholds are taken. Null: fp32 alone */
  precisions?: readonly string[] | null | undefined
  threshold: number | null
  /** opt-out signals that are recorded and not heeded */
  without?: readonly string[] | undefined
  /** what is looked for in pictures: a file of thresholds for tags, directories of heads */
  tags?: string | null | undefined
  heads?: readonly string[] | undefined
  /** ids of peers whose removals hold for good, besides the organiser's */
  custodians?: readonly string[] | undefined
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

/** As `Campaigns.create`, of segments that are known already. */
export type CreateOf = (request: CampaignRequest, sources: readonly Source[]) => Promise<CampaignStanding>

export function manageCampaigns(
  home: Home,
  ledger: Ledger,
  dataDir: string,
): Campaigns & { createOf: CreateOf } {
  const joined = (id: CID) => ledger.campaigns().find((one) => one.id.equals(id))
  const show = async (id: CID) => ({
    ...describeCampaign(id, await openCampaign(home.store, id)),
    counts: joined(id) ? ledger.counts(id) : null,
  })
  const createOf: CreateOf = async (request, sources) => {
    findPreset(request.preset)
    const consent = chooseConsent(request.without ?? [])
    const custodians = request.custodians?.map(keyOfPeer)
    const { model, rules, dimension } = await chooseModel(request, join(dataDir, 'models'))
    const { safety, files } = await chooseSafety(request, model)
    await tryHeads(files, dimension)
    await keepHeads(files, join(dataDir, 'models'))
    const { name, contact, audit } = request
    const plan = { name, contact, sources, rules, model, safety, custodians, audit, consent }
    const signed = await signCampaign(home, plan)
    await ledger.add(signed.envelope, 'own')
    return show(signed.campaign)
  }
  return {
    createOf,
    async create(request) {
      findPreset(request.preset)
      return createOf(request, await readSources(request))
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

/** Opens the model in each of the precisions, since whoever can't open one could not work either. */
async function chooseModel(request: CampaignRequest, cacheDir: string) {
  const files = new Map<string, Scorer['model']['files'][number]>()
  let chosen: { repo: string; rules: FilterRules; dimension: number } | null = null
  for (const precision of request.precisions ?? ['fp32']) {
    const scorer = await openScorer(request.model ?? undefined, {
      ...{ cacheDir, precision, threads: availableParallelism() },
    })
    const { length: dimension } = await scorer.embed({ text: 'a picture' })
    await scorer.close()
    for (const file of scorer.model.files) files.set(file.path, file)
    chosen ??= { repo: scorer.model.repo, rules: chooseRules(request, scorer), dimension }
  }
  if (chosen === null) throw new ShoalError('model_precision', 'name at least one precision of the model')
  const model = { repo: chosen.repo, files: [...files.values()] }
  // two of one class could not be told apart
  tellPrecisions(model)
  return { ...chosen, model }
}

/** Whoever can't open one could not work either. @throws ShoalError as `openHeads` */
async function tryHeads(files: readonly HeadFile[], dimension: number): Promise<void> {
  if (files.length === 0) return
  const heads = await openHeads(files, { dimension, threads: availableParallelism() })
  await heads.close()
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
