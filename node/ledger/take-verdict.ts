import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import type { Verify } from '../../protocol/envelope.ts'
import { MAX_VERIFIERS } from '../../protocol/limits.ts'
import type { Shard } from '../../protocol/records/shard.ts'
import { proofMessage, type Verdict } from '../../protocol/records/verdict.ts'
import type { Circumstances } from '../../protocol/rules/admit.ts'
import { mostVerifiers } from '../../protocol/rules/assign-verifiers.ts'
import type { countRecords } from './count-records.ts'
import { auditedShards } from './holdings.ts'
import type { How } from './intake.ts'
import type { Memory } from './load.ts'
import { digestOfId, idOfDigest, nameOfDigest } from './record-id.ts'

/** Bytes of verdicts that wait for their shards: those of a whole sync, in which either may come first. */
const MAX_EARLY_BYTES = 16 * 1024 * 1024
/** Verdicts that wait for one shard: two of each verifier that may count. */
const MAX_EARLY_EACH = 2 * mostVerifiers(MAX_VERIFIERS)

/** A verdict that came before its shard. */
interface Early {
  bytes: Uint8Array
  how: How
  place: string
}

/** What a verdict is judged by, and those that wait for their shards. */
export function takeVerdicts(
  { peers, set }: Memory,
  verify: Verify,
  counts: ReturnType<typeof countRecords>,
) {
  const { rows } = set
  const byPlace = new Map<string, Set<string>>()
  const early = new LRUCache<string, Early>({
    maxSize: MAX_EARLY_BYTES,
    sizeCalculation: ({ bytes }) => bytes.length,
    dispose: ({ place }, name) => {
      const names = byPlace.get(place)
      names?.delete(name)
      if (names?.size === 0) byPlace.delete(place)
    },
  })

  function nameOf(campaign: CID, producer: Uint8Array, manifest: CID): string {
    return `${campaign} ${nameOfDigest(producer)} ${manifest}`
  }

  return {
    /** As if the proof held: `prove` is asked for that. */
    circumstancesOf(campaign: number, verdict: Verdict, how: How, now: number): Circumstances['audited'] {
      const { segment, verifier } = verdict
      const producer = peers.find(verdict.producer)
      const manifest = digestOfId(verdict.manifest)
      const kept = verdict.frames.kept
      if (auditedShards(set, campaign, { segment, producer, manifest, rows: kept }).length === 0) return null
      const number = peers.find(verifier)
      const own = number < 0 ? [] : set.findVerdicts(campaign, manifest, number)
      const same = own.filter(
        (row) =>
          rows.word(row, 'producer') === producer &&
          rows.word(row, 'segment') === segment &&
          rows.word(row, 'rows') === kept,
      )
      return {
        isProven: true,
        sameAudit: same.map((row) => idOfDigest(new Uint8Array(rows.digest(row)))),
        recentVerdicts: how === 'gossip' ? counts.of('verdict', verifier, how, now) : 0,
      }
    },

    prove: async ({ verifier, manifest, proof }: Verdict): Promise<boolean> =>
      verify(verifier, proofMessage(manifest), proof),

    isEarly: (digest: Uint8Array): boolean => early.has(nameOfDigest(digest)),

    /** Keep a verdict until its shard comes, if there is room. */
    wait({ campaign, producer, manifest }: Verdict, digest: Uint8Array, bytes: Uint8Array, how: How): void {
      const place = nameOf(campaign, producer, manifest)
      const name = nameOfDigest(digest)
      const names = byPlace.get(place) ?? new Set()
      if (names.size >= MAX_EARLY_EACH) return
      early.set(name, { bytes, how, place })
      byPlace.set(place, names.add(name))
    },

    /** @returns the verdicts that have waited for this shard, which are forgotten here */
    release({ campaign, peer, manifest }: Shard): Early[] {
      const names = byPlace.get(nameOf(campaign, peer, manifest)) ?? []
      return [...names].map((name) => {
        const one = early.get(name)!
        early.delete(name)
        return one
      })
    },
  }
}
