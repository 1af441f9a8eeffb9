import { equalBytes } from '../../protocol/codec.ts'
import { neededVerifiers, type ShardState } from '../../protocol/rules/quorum.ts'
import type { OffenceCode } from '../../protocol/rules/standing.ts'
import { keyOfPeer, nameOfPeer } from '../identity.ts'
import type { Judgements, Ledger } from '../ledger/ledger.ts'

/** What a peer has earned itself in a campaign, and why. */
export interface PeerRecord {
  campaign: string
  peer: string
  own: boolean
  /** verified shards in a row */
  valid: number
  /** verifiers that its next shard needs */
  needed: number
  /** whoever has any verifies no more; each with the shard that shows it */
  offences: { code: OffenceCode; segment: number; manifest: string | null }[]
  /** its shards by their state */
  shards: Partial<Record<ShardState, number>>
}

/**
 * The standing of peers in all campaigns: those with offences first, then those with the most valid shards.
 *
 * @param text - id of the one peer that is asked about; null: all of whom there is anything to say
 * @throws ShoalError `peer_invalid`
 */
export async function listStandings(
  ledger: Ledger,
  self: Uint8Array,
  text: string | null,
): Promise<PeerRecord[]> {
  const wanted = text === null ? null : keyOfPeer(text)
  const records: PeerRecord[] = []
  for (const { id, campaign } of ledger.campaigns()) {
    const judged = await ledger.judgements(id)
    const standings = wanted === null ? judged.standings() : [judged.standing(wanted)]
    const states = countStates(judged, new Set(standings.map(({ peer }) => String(peer))))
    const ofCampaign = standings.map(
      ({ peer, valid, offences }): PeerRecord => ({
        ...{ campaign: id.toString(), peer: nameOfPeer(peer), own: equalBytes(peer, self), valid },
        needed: neededVerifiers(valid, campaign.audit.verifiers),
        offences: offences.map(({ code, segment, shard }) => ({
          ...{ code, segment, manifest: judged.shard(shard)?.manifest.toString() ?? null },
        })),
        shards: states.get(String(peer)) ?? {},
      }),
    )
    records.push(
      ...ofCampaign.sort(
        (a, b) => b.offences.length - a.offences.length || b.valid - a.valid || (a.peer < b.peer ? -1 : 1),
      ),
    )
  }
  return records
}

function countStates(judged: Judgements, peers: ReadonlySet<string>) {
  const counts = new Map<string, Partial<Record<ShardState, number>>>()
  for (const { peer, state } of judged.shards()) {
    const name = String(peer)
    if (!peers.has(name)) continue
    const own = counts.get(name) ?? {}
    own[state] = (own[state] ?? 0) + 1
    counts.set(name, own)
  }
  return counts
}
