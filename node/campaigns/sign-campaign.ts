import type { CID } from 'multiformats/cid'
import type { Signer } from '../../protocol/envelope.ts'
import { type Campaign, DEFAULT_AUDIT, makeCampaign, pipelineId } from '../../protocol/records/campaign.ts'
import { NO_SAFETY, type Safety } from '../../protocol/records/safety.ts'
import { CONSENT_SIGNALS } from '../../protocol/rules/consent.ts'
import type { FilterRules } from '../../protocol/rules/filter.ts'
import type { Scorer, SegmentSource } from '../components.ts'
import type { Blocks, Store } from '../store/store.ts'
import { storeEntries } from './entries.ts'

/** Archives of one kind at one place. */
export interface Source {
  kind: SegmentSource['kind']
  /** what an entry follows to make its address; '' where entries are addresses, or the organiser's own files */
  base: string
  entries: string[]
  /** equal parts each entry is worked in */
  parts: number
}

export interface CampaignPlan {
  name: string
  contact: string | null
  sources: readonly Source[]
  rules: FilterRules
  model: Scorer['model']
  /** opt-out signals that are heeded; all there are, if not given */
  consent?: Campaign['pipeline']['consent'] | undefined
  /** nothing is looked for where it is left out */
  safety?: Safety | undefined
  /** keys of those whose removals hold for good, besides the organiser's; none, if not given */
  custodians?: readonly Uint8Array[] | undefined
  /** in place of DEFAULT_AUDIT's */
  audit?: Partial<Pick<Campaign['audit'], 'verifiers' | 'samples'>> | undefined
}

/**
 * Make and sign a campaign, and keep it with its lists, so that its shards can be checked. It says nothing of the
 * time: the same plan of the same organiser is the same campaign.
 *
 * @throws ShoalError `campaign_field`, `list_long`
 */
export async function signCampaign(
  { store, blocks, signer }: { store: Store; blocks: Blocks; signer: Signer },
  {
    name,
    contact,
    sources,
    rules,
    model,
    audit,
    consent = [...CONSENT_SIGNALS],
    safety = NO_SAFETY,
    custodians = [],
  }: CampaignPlan,
): Promise<{ campaign: CID; pipeline: CID; envelope: Uint8Array }> {
  const listed = []
  for (const { kind, base, entries, parts } of sources)
    listed.push({ kind, base, list: await storeEntries(blocks, entries), count: entries.length, parts })
  const pipeline = { model, rules, consent, safety }
  const { id, bytes } = await makeCampaign(
    {
      ...{ name, contact, sources: listed, pipeline, audit: { ...DEFAULT_AUDIT, ...audit } },
      trust: { mode: 'open', operators: [] },
      custodians: [...custodians],
    },
    signer,
  )
  await store.campaigns.put(id.bytes, bytes)
  return { campaign: id, pipeline: pipelineId(pipeline), envelope: bytes }
}
