import { setImmediate as breathe } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_VERIFIERS } from '../../protocol/limits.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Verdict } from '../../protocol/records/verdict.ts'
import { mostVerifiers } from '../../protocol/rules/assign-verifiers.ts'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import { nameOfPeer } from '../identity.ts'
import type { JudgedShard, Ledger } from '../ledger/ledger.ts'
import { parseManifest } from '../parse-cid.ts'
import { type PolicyRequest, readPolicy } from '../read-policy.ts'

/** Where a shard stands, and why. */
export interface ShardStanding {
  campaign: string
  segment: number
  manifest: string
  /** id of the shard's record */
  id: string
  producer: string
  own: boolean
  state: ShardState
  /** good verdicts that it needs, and has */
  needed: number
  good: number
  verdicts: {
    verdict: string
    verifier: string
    ruling: Verdict['ruling']
    /** whether it counts, by the policy */
    counts: boolean
    matched: number
    unverifiable: number
    forged: { frame: string; row: number; code: string }[]
  }[]
  /** rows that somebody accuses: who finds them forged, and who denies it */
  accused: { frame: string; row: number; forged: string[]; match: string[] }[]
}

/** A page of shards, in the order of their segments. */
export interface JudgedRequest {
  /** CID of a manifest, to see its shards only; or null */
  manifest: string | null
  state: ShardState | null
  policy: PolicyRequest | null
  /** what the page before ended with; null: from the beginning */
  after: Pick<ShardStanding, 'campaign' | 'segment' | 'id'> | null
  /** from 1 to MAX_PAGE */
  limit: number
}

/** Shards a page: their verdicts are read from the disk. */
const MAX_PAGE = 500
/** Verdicts told of one shard: all that may count, twice over. */
const MAX_VERDICTS = 2 * mostVerifiers(MAX_VERIFIERS)
/** Shards made in one go. */
const IN_ONE_GO = 1_000

/** Lists the shards of all campaigns with their states. */
export function listJudged(ledger: Ledger, self: Uint8Array) {
  /** the last list that was paged through: with a policy of one's own it takes a tally of everything */
  let last: { key: string; shards: JudgedShard[] } = { key: '', shards: [] }

  async function judge(
    id: CID,
    campaign: Campaign,
    { state, policy, manifest }: JudgedRequest,
  ): Promise<JudgedShard[]> {
    const key = JSON.stringify([id.toString(), ledger.digest(id), state, policy, manifest])
    if (last.key === key) return last.shards
    const judged =
      policy === null
        ? await ledger.judgements(id)
        : await ledger.judge(id, readPolicy(campaign.audit, policy))
    const wanted = manifest === null ? null : parseManifest(manifest)
    const shards: JudgedShard[] = []
    let looked = 0
    for (const shard of judged.shards(state ?? undefined)) {
      if (++looked % IN_ONE_GO === 0) await breathe()
      if (wanted === null || shard.manifest.equals(wanted)) shards.push(shard)
    }
    shards.sort((a, b) => a.segment - b.segment || compareBytes(a.id.bytes, b.id.bytes))
    last = { key, shards }
    return shards
  }

  /** Shards of all campaigns, one campaign after the other. @throws ShoalError `page_invalid`, `peer_invalid`, `cid_invalid` */
  return async (request: JudgedRequest): Promise<ShardStanding[]> => {
    const { after, limit } = request
    const campaigns = ledger.campaigns()
    const from = after === null ? 0 : campaigns.findIndex(({ id }) => id.toString() === after.campaign)
    if (from < 0 || !(limit >= 1 && limit <= MAX_PAGE))
      throw new ShoalError(
        'page_invalid',
        `a page has 1 to ${MAX_PAGE} shards and follows one of a campaign here`,
      )
    const page: ShardStanding[] = []
    for (const [i, { id, campaign }] of campaigns.slice(from).entries()) {
      if (page.length >= limit) break
      const shards = await judge(id, campaign, request)
      const at =
        i === 0 && after !== null ? 1 + shards.findIndex((shard) => shard.id.toString() === after.id) : 0
      for (const shard of shards.slice(at, at + limit - page.length))
        page.push(await describeShard(ledger, self, id, shard))
    }
    return page
  }
}

/** A shard of a campaign, with the verdicts on it. @param self - this node's key */
export async function describeShard(
  ledger: Ledger,
  self: Uint8Array,
  id: CID,
  shard: JudgedShard,
): Promise<ShardStanding> {
  const { manifest, peer, accused, counted } = shard
  const known = await ledger.verdictsOf(id, manifest, MAX_VERDICTS)
  return {
    ...{ campaign: id.toString(), segment: shard.segment, manifest: manifest.toString() },
    ...{ id: shard.id.toString(), producer: nameOfPeer(peer), own: equalBytes(peer, self) },
    ...{ state: shard.state, needed: shard.needed, good: shard.good },
    verdicts: known
      .filter(({ verdict }) => equalBytes(verdict.producer, peer))
      .map(({ id: verdict, verdict: { verifier, ruling, matched, unverifiable, forged } }) => ({
        ...{ verdict: verdict.toString(), verifier: nameOfPeer(verifier), ruling },
        counts: counted.some((one) => equalBytes(one, verifier)),
        ...{ matched, unverifiable },
        forged: forged.map(({ frame, row, code }) => ({ frame, row, code })),
      })),
    accused: accused.map(({ frame, row, forged, match }) => ({
      ...{ frame, row, forged: forged.map(nameOfPeer), match: match.map(nameOfPeer) },
    })),
  }
}
