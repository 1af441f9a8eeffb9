import type { CID } from 'multiformats/cid'
import { decode, encode } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { locateSource, readSources } from '../campaigns/campaigns.ts'
import type { SegmentSource } from '../components.ts'
import type { Home } from '../home.ts'
import { type LocalSegment, listSegments, planSources } from '../local-campaign.ts'
import type { CampaignRequest, CampaignStanding, CreateOf } from '../manage-campaigns.ts'
import { parseCampaign } from '../parse-cid.ts'

/** Host names that lead to servers on this machine, as `DaemonOptions.loopback` has them. */
type Hosts = Readonly<Record<string, string>>

/** A campaign whose segments no other node can read. */
export interface OwnRequest
  extends Pick<CampaignRequest, 'kind' | 'preset' | 'threshold' | 'model' | 'contact'> {
  /** archives on this machine's disk; with `hosts`: addresses */
  files: readonly string[]
  /** null where it is called after its files */
  name: string | null
  /** sites of a made-up web that this machine plays; every other name leads nowhere. Null: the real web */
  hosts: Hosts | null
}

/** What is remembered of one: a played web is another with every start, and only its campaign is not. */
type Remembered = { played: true } | { files: string[]; kind: OwnRequest['kind'] }

interface Located {
  source: SegmentSource
  bytes: number | null
  /** @see LocalSegment */
  fingerprint: string
}

export type OwnCampaigns = Awaited<ReturnType<typeof openOwnCampaigns>>

/**
 * Campaigns of this machine's own files, or of a web that it plays. Where the files lie comes from this machine's
 * owner, and never from a campaign's list.
 */
export async function openOwnCampaigns({ store, blocks }: Pick<Home, 'store' | 'blocks'>) {
  const known = new Map<string, Remembered>()
  const played = new Map<string, Hosts>()
  for await (const [key, value] of store.own.iterator())
    known.set(Buffer.from(key).toString('hex'), decode(value) as Remembered)
  const nameOf = (id: CID) => Buffer.from(id.bytes).toString('hex')

  async function remember(id: CID, remembered: Remembered): Promise<void> {
    known.set(nameOf(id), remembered)
    await store.own.put(id.bytes, encode(remembered))
  }

  return {
    /** whether no other node can work on it, so that nobody has to be waited for */
    has: (id: CID) => known.has(nameOf(id)),
    /** whether what it consists of can be had: a web that is not played any more can't */
    isHere: (id: CID) => !isPlayed(known.get(nameOf(id))) || played.has(nameOf(id)),
    hostsOf: (id: CID): Hosts | null => played.get(nameOf(id)) ?? null,

    /** @throws ShoalError as `listSegments`, `readSources`, `Campaigns.create` */
    async create({ name, hosts, ...request }: OwnRequest, createOf: CreateOf): Promise<CampaignStanding> {
      const { files, kind } = request
      const local = hosts === null ? await listSegments({ files: [...files], kind }, true) : null
      const plan = local && planSources(local)
      const sources = plan?.sources ?? (await readSources({ files, kind, base: null, parts: 1 }))
      const full = { ...request, base: null, parts: 1, name: name ?? plan?.name ?? 'own files' }
      const standing = await createOf(full, sources)
      const id = parseCampaign(standing.campaign)
      if (hosts !== null) played.set(nameOf(id), hosts)
      await remember(id, local ? { files: pathsOf(local), kind } : { played: true })
      return standing
    },

    /** @throws ShoalError as `listSegments`, `locateSource` */
    async locate(id: CID, campaign: Campaign, segment: number): Promise<Located> {
      const remembered = known.get(nameOf(id))
      if (remembered === undefined || isPlayed(remembered)) {
        const source = await locateSource(blocks, campaign, segment)
        return { source, bytes: null, fingerprint: source.location }
      }
      // all of them, since each is named by its place below what they share
      const local = await listSegments(remembered, true)
      const found = local.find((one) => one.index === segment)
      if (found === undefined)
        throw new ShoalError('entry_missing', `segment ${segment} is none of this machine's own files`)
      return found
    },

    async forget(id: CID): Promise<void> {
      known.delete(nameOf(id))
      played.delete(nameOf(id))
      await store.own.del(id.bytes)
    },
  }
}

function isPlayed(remembered: Remembered | undefined): remembered is { played: true } {
  return remembered !== undefined && 'played' in remembered
}

function pathsOf(segments: readonly LocalSegment[]): string[] {
  return segments.toSorted((a, b) => a.index - b.index).map(({ source }) => source.location)
}
