import type { CID } from 'multiformats/cid'
import { MAX_ACCUSED, MAX_EVIDENCE, MAX_EVIDENCE_BYTES, MAX_SERVERS } from '../../protocol/limits.ts'
import {
  countFindings,
  maxServedBytes,
  packFindings,
  ruleOn,
  type Verdict,
} from '../../protocol/records/verdict.ts'
import { FRAMES } from '../../protocol/rules/sample.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import type { Facts, Finding, Rechecked } from './job.ts'

/** A peer, and bytes of the blocks that it gave. */
export interface Served {
  peer: Uint8Array
  bytes: number
}

/** What a verdict says besides what was found. */
export interface Circumstances {
  shard: { cid: CID; manifest: { segment: number } }
  /** id of the campaign's record */
  campaign: CID
  /** the shard's */
  producer: Uint8Array
  /** the day of the audit, see epochOf */
  epoch: number
  /** the verifier's signature that chose the sample */
  proof: Uint8Array
  /** the verifier's scorer's */
  deviceClass: string
  /** who gave blocks of the shard; absent: nobody */
  servers?: readonly Served[] | undefined
}

/**
 * The fields of a verdict, for `makeVerdict` to sign.
 *
 * @param rechecked - what came of rows that others accuse: at most MAX_ACCUSED are said a word on, those that were
 *   decided either way
 */
export function toVerdict(
  { frames, findings }: Rechecked,
  rechecked: readonly Finding[],
  { shard, servers = [], ...told }: Circumstances,
): Omit<Verdict, 'verifier'> {
  const all = findings.map(({ finding }) => finding)
  const { matched, unverifiable, forged } = countFindings(all)
  const [kept, dropped, source] = FRAMES.map(
    (frame) => findings.filter((one) => one.frame === frame).length,
  ) as [number, number, number]
  const words = rechecked
    .filter(({ finding }) => finding === 'match' || finding === 'forged')
    .slice(0, MAX_ACCUSED)
    .map(({ frame, row, finding }) => ({ frame, row, forged: finding === 'forged' }))
  return {
    ...told,
    manifest: shard.cid,
    segment: shard.manifest.segment,
    frames: { ...frames },
    sampled: { kept, dropped, source },
    findings: packFindings(all),
    ...{ matched, unverifiable },
    forged: findings
      .filter(({ finding }) => finding === 'forged')
      .slice(0, MAX_ACCUSED)
      .map(({ frame, row, code, said, found }) => ({
        ...{ frame, row, code: code! },
        found: toEvidence(said, found),
      })),
    rechecked: words,
    ruling: ruleOn({ matched, unverifiable, forged }, words),
    ...thank(servers, maxServedBytes(frames)),
  }
}

/** Those who gave most, as far as they can have given that much. */
function thank(served: readonly Served[], maxBytes: number): Pick<Verdict, 'servers'> {
  let left = maxBytes
  const servers = served
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, MAX_SERVERS)
    .map(({ peer, bytes }) => {
      const counted = Math.min(bytes, left)
      left -= counted
      return { peer, bytes: counted }
    })
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => compareBytes(a.peer, b.peer))
  return servers.length === 0 ? {} : { servers }
}

/** What was found, those facts first that the row says otherwise. */
function toEvidence(said: Facts, found: Facts): Record<string, string | number | Uint8Array> {
  const facts = Object.entries(found).sort(
    ([a, one], [b, other]) => Number(said[a] === one) - Number(said[b] === other),
  )
  return Object.fromEntries(facts.slice(0, MAX_EVIDENCE).map(([name, fact]) => [name, toFact(fact)]))
}

/** A text is a fact where it is a short line of plain characters, else its first bytes are. */
function toFact(fact: string | number): string | number | Uint8Array {
  if (typeof fact === 'number') return Number.isFinite(fact) ? fact : String(fact)
  if (/^[ -~]+$/.test(fact) && fact.length <= MAX_EVIDENCE_BYTES) return fact
  return new TextEncoder().encode(fact.slice(0, MAX_EVIDENCE_BYTES)).slice(0, MAX_EVIDENCE_BYTES)
}
