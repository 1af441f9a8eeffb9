import type { CID } from 'multiformats/cid'
import type { Verify } from '../../protocol/envelope.ts'
import { MAX_VERIFIERS } from '../../protocol/limits.ts'
import type { Shard } from '../../protocol/records/shard.ts'
import { proofMessage, type Verdict } from '../../protocol/records/verdict.ts'
import type { Circumstances } from '../../protocol/rules/admit.ts'
import { mostVerifiers } from '../../protocol/rules/assign-verifiers.ts'
import type { countRecords } from './count-records.ts'
import { keepEarly } from './early.ts'
import { auditedShards } from './holdings.ts'
import type { How } from './intake.ts'
import type { Memory } from './load.ts'
import { digestOfId, idOfDigest, nameOfDigest } from './record-id.ts'

/** Bytes of verdicts that wait for their shards: those of a whole sync, in which either may come first. */
const MAX_EARLY_BYTES = 16 * 1024 * 1024
/** Verdicts that wait for one shard: two of each verifier that may count. */
const MAX_EARLY_EACH = 2 * mostVerifiers(MAX_VERIFIERS)

/** What a verdict is judged by, and those that wait for their shards. */
export function takeVerdicts(
  { peers, set }: Memory,
  verify: Verify,
  counts: ReturnType<typeof countRecords>,
) {
  const { rows } = set
  const early = keepEarly({ maxBytes: MAX_EARLY_BYTES, maxEach: MAX_EARLY_EACH })

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

    isEarly: early.has,

    /** Keep a verdict until its shard comes, if there is room. */
    wait({ campaign, producer, manifest }: Verdict, digest: Uint8Array, bytes: Uint8Array, how: How): void {
      early.wait(nameOf(campaign, producer, manifest), digest, bytes, how)
    },

    /** @returns the verdicts that have waited for this shard, which are forgotten here */
    release: ({ campaign, peer, manifest }: Shard) => early.release(nameOf(campaign, peer, manifest)),
  }
}
