import type { Exports, Shards } from '../components.ts'
import type { Past } from '../history/history.ts'
import type { ManagedBlocklists } from '../manage-blocklists.ts'
import type { CampaignStanding, Campaigns } from '../manage-campaigns.ts'
import type { Cars } from '../manage-cars.ts'
import type { Denylists } from '../manage-denylist.ts'
import type { ManagedFeeds } from '../manage-feeds.ts'
import type { Pins } from '../manage-pins.ts'
import type { Releases } from '../manage-releases.ts'
import type { MetricsText } from '../metrics/metrics.ts'
import type { Peer } from '../network/network.ts'
import type { Requests } from '../requests/requests.ts'
import type { Search } from '../search/search.ts'
import type { Credit } from './credit.ts'
import type { VerifyRequest } from './demand-audits.ts'
import type { FetchRequest, FetchResult, FetchRunning } from './fetch-wanted.ts'
import type { Limits } from './limits.ts'
import type { JudgedRequest, ShardStanding } from './list-judged.ts'
import type { SegmentStanding, SegmentsRequest } from './list-segments.ts'
import type { PeerRecord } from './list-standings.ts'
import type { CampaignMap, MapRequest } from './map.ts'
import type { OwnRequest } from './own-campaigns.ts'
import type { CampaignModel, ModelRequest } from './pull-model.ts'
import type { Pulse } from './pulse.ts'
import type { Sample } from './samples.ts'
import type { Status } from './status.ts'
import type { Verification } from './verify-shard.ts'

/** What a daemon does for its owner. */
export interface Daemon
  extends Campaigns,
    Shards,
    Exports,
    Cars,
    Denylists,
    ManagedFeeds,
    ManagedBlocklists,
    Pins,
    Releases,
    Pick<Search, 'search' | 'whois'> {
  searchProgress: Search['progress']
  /** what people ask to be removed */
  requests: Requests
  /** Make a campaign that no other node can work on, and take part in it. @throws ShoalError as `OwnCampaigns.create` */
  createOwn(request: OwnRequest): Promise<CampaignStanding>
  /** @param peer - a multiaddr of a node to call first, or null */
  join(cid: string, peer: string | null): Promise<CampaignStanding>
  status(): Promise<Status>
  /** How it is getting on at this moment: cheap enough for once a second. */
  pulse(): Promise<Pulse>
  /** How it got on before. @param span - `hour`, `day` or `month`. @throws ShoalError `span_unknown` */
  history(span: string): Past
  /** All that Prometheus may be told. */
  metrics(): Promise<MetricsText>
  peers(): Promise<Peer[]>
  /** Of all campaigns, one after the other. @throws ShoalError `page_invalid` */
  segments(request: SegmentsRequest): SegmentStanding[]
  /** All segments of one campaign at a glance. @throws ShoalError as `mapSegments` */
  map(request: MapRequest): CampaignMap
  /**
   * Get a verified shard or a release from whoever has it, check all of it, and keep it.
   *
   * @throws ShoalError `cid_invalid`; as `fetchWanted`
   */
  fetch(request: FetchRequest, running?: FetchRunning): Promise<FetchResult>
  /** Get a campaign's model, whether it is taken part in or not. @throws ShoalError as `pullCampaignModel` */
  pullModel(request: ModelRequest, running?: FetchRunning): Promise<CampaignModel>
  /**
   * Audit a shard now, or repeat another's audit of it, and tell nobody else.
   *
   * @throws ShoalError `cid_invalid`, `shard_unknown`, `verdict_unknown`, `block_missing`; as `replayVerdict`
   */
  verify(request: VerifyRequest): Promise<Verification>
  /** Of all campaigns, one after the other. @throws ShoalError `page_invalid`, `peer_invalid`, `cid_invalid` */
  judged(request: JudgedRequest): Promise<ShardStanding[]>
  /** The shards of all nodes that came or were judged anew last, the newest first. @param count - 200 at most */
  newest(count: number): Promise<ShardStanding[]>
  /** A few of the candidates that passed here lately, the newest first: those that may be shown now. */
  samples(): Promise<Sample[]>
  /** A small JPEG of a sample, if it may be shown now. @param id - the sample's. @returns null where there is none */
  samplePicture(id: string): Promise<Uint8Array | null>
  /** @param campaign - its CID; null: all. @throws ShoalError `cid_invalid`, `campaign_unknown` */
  credits(campaign: string | null): Promise<Credit[]>
  /** @param peer - its id; null: all. @throws ShoalError `peer_invalid` */
  standings(peer: string | null): Promise<PeerRecord[]>
  /** Put down what is at work, and take nothing more until `resume`. */
  pause(): void
  resume(): void
  /**
   * Set some limits, which hold from now on. A segment too many at work is finished.
   *
   * @param changes - some of Limits, from wherever. @returns all of them. @throws ShoalError `limits_invalid`
   */
  limit(changes: unknown): Limits
  /** Finish the segment at work, then end. */
  drain(): void
  /** Give up the segment at work, tell so, and end. */
  stop(): Promise<void>
  /** settles when it has ended */
  readonly ended: Promise<void>
}
