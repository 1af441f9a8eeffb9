import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { type Campaign, decodeCampaign } from '../../protocol/records/campaign.ts'
import { CONSENT_SIGNALS } from '../../protocol/rules/consent.ts'
import { segmentCount } from '../../protocol/rules/segment.ts'
import { TAGS } from '../../protocol/rules/tags.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import type { Blocks, FetchBlock, Store } from '../store/store.ts'
import { readEntries } from './entries.ts'

export { locateSource } from './locate-source.ts'
export { readSources, type SourceRequest } from './read-sources.ts'
export { type CampaignPlan, type Source, signCampaign } from './sign-campaign.ts'

/** A campaign, for people. */
export interface CampaignDetails {
  campaign: string
  name: string
  contact: string | null
  organiser: string
  /** ids of those whose removals hold for good, the organiser first */
  custodians: string[]
  segments: number
  sources: { kind: string; base: string; list: string; entries: number; parts: number }[]
  model: string
  trust: string
  /** opt-out signals that are heeded, and those that are recorded and not heeded */
  consent: { honoured: string[]; ignored: string[] }
  /** what is looked for in pictures: tags by the model's embedding, and heads by their names */
  looksFor: { tags: string[]; heads: string[] }
  /** verifiers of a shard, and rows of each frame that one looks at */
  audit: Pick<Campaign['audit'], 'verifiers' | 'samples'>
}

export function describeCampaign(id: CID, campaign: Campaign): CampaignDetails {
  return {
    campaign: id.toString(),
    name: campaign.name,
    contact: campaign.contact,
    organiser: nameOfPeer(campaign.key),
    custodians: [campaign.key, ...campaign.custodians].map(nameOfPeer),
    segments: segmentCount(campaign),
    sources: campaign.sources.map(({ kind, base, list, count, parts }) => ({
      ...{ kind, base, list: list.toString(), entries: count, parts },
    })),
    model: campaign.pipeline.model.repo,
    trust: campaign.trust.mode,
    consent: {
      honoured: [...campaign.pipeline.consent],
      ignored: CONSENT_SIGNALS.filter((signal) => !campaign.pipeline.consent.includes(signal)),
    },
    looksFor: {
      tags: TAGS.filter((tag) => (campaign.pipeline.safety.tags?.thresholds[tag] ?? null) !== null),
      heads: campaign.pipeline.safety.heads.map(({ name }) => name),
    },
    audit: { verifiers: campaign.audit.verifiers, samples: campaign.audit.samples },
  }
}

/** A campaign that this node has made, joined or looked at before. @throws ShoalError `campaign_unknown` */
export async function openCampaign(store: Store, id: CID): Promise<Campaign> {
  const envelope = await store.campaigns.get(id.bytes)
  if (envelope) return checkCampaign(id, envelope)
  throw new ShoalError('campaign_unknown', `campaign ${id} is not here: join it first`)
}

/** @throws ShoalError `campaign_forged`; `envelope_*`, `campaign_*` */
export async function checkCampaign(id: CID, envelope: Uint8Array): Promise<Campaign> {
  const opened = await open(envelope, verifySignature)
  if (!opened.id.equals(id)) throw new ShoalError('campaign_forged', `what came is not campaign ${id}`)
  return decodeCampaign(opened)
}

/**
 * See to it that a campaign's lists are here, whole.
 *
 * @throws ShoalError `list_count` where one is not as long as the campaign says; `list_long`, `block_missing`
 */
export async function fetchLists(blocks: Blocks, campaign: Campaign, fetchBlock: FetchBlock): Promise<void> {
  for (const { list, count } of campaign.sources) {
    const { length } = await readEntries(blocks, list, fetchBlock)
    if (length !== count)
      throw new ShoalError('list_count', `list ${list} has ${length} entries, the campaign says ${count}`)
  }
}
