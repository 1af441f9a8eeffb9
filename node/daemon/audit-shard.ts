import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { decodeShard } from '../../protocol/records/shard.ts'
import { proofMessage, type Verdict } from '../../protocol/records/verdict.ts'
import { drawSample, FRAMES } from '../../protocol/rules/sample.ts'
import {
  type AuditJob,
  type Finding,
  type Rechecked,
  recheckShard,
  type SampledRow,
  type Served,
  toVerdict,
} from '../audit/audit.ts'
import { locateSource } from '../campaigns/campaigns.ts'
import { fetchShard, findSources, openPool } from '../fetch/fetch.ts'
import type { Home } from '../home.ts'
import { keyOfPeer, verifySignature } from '../identity.ts'
import type { KnownShard, Ledger } from '../ledger/ledger.ts'
import type { Network } from '../network/network.ts'
import type { CheckedShard } from '../shard/shard.ts'
import { answerAccusations, COPIED } from './answer-accusations.ts'
import { findOriginal, judgeCopy } from './find-original.ts'
import type { Hearings } from './hear-shards.ts'
import type { Toolbox } from './toolbox.ts'
import type { Tools } from './tools.ts'

/** Bytes of a shard: ten times what a gigabyte of archive becomes. More would only fill the verifiers' disks. */
const MAX_SHARD_BYTES = 4 * 1024 ** 3

export interface AuditingParts {
  home: Home
  ledger: Ledger
  network: Network
  toolbox: Pick<Toolbox, 'use'>
  hearings: Hearings
}

/** A shard to be audited. */
export interface AuditTask {
  /** id of the campaign's record */
  id: CID
  campaign: Campaign
  segment: number
  shard: KnownShard
}

export interface AuditRunning {
  /** threads that decode */
  threads: number
  offline: boolean
  signal: AbortSignal
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** What came of an audit. */
export interface Audited {
  rechecked: Rechecked
  /** rows that others accuse */
  answers: Finding[]
  verdict: Omit<Verdict, 'verifier'>
}

/** A shard that was fetched, and all that works on its audit. */
export interface OpenAudit {
  shard: CheckedShard
  /** who gave blocks of it */
  servers: Served[]
  tools: Tools
  job: AuditJob
}

/**
 * Fetch a shard and have its campaign's tools ready for an audit of it.
 *
 * @throws ShoalError `record_gone`, `shard_large`; as `fetchShard`, `locateSource`, `openTools`; the signal's reason; whatever `work` throws
 */
export async function withShard<T>(
  { home, ledger, network, toolbox }: AuditingParts,
  { id, campaign, segment, shard }: AuditTask,
  { threads, offline, signal, onProgress }: AuditRunning,
  work: (audit: OpenAudit) => Promise<T>,
): Promise<T> {
  const envelope = await ledger.find(shard.id)
  if (!envelope) throw new ShoalError('record_gone', `the record of shard ${shard.manifest} is gone`)
  const pool = openPool(findSources(network, { root: shard.manifest, campaign: id }, signal), {
    signal,
    onForged: (peer) => void network.shun(peer),
  })
  const checked = await fetchShard(home, shard.manifest, envelope, {
    ...{ pool, maxBytes: MAX_SHARD_BYTES },
  }).finally(pool.close)
  const servers = pool.report().flatMap(({ name, bytes }) => readServed(name, bytes))
  signal.throwIfAborted()
  const source = await locateSource(home.blocks, campaign, segment)
  return toolbox.use(id, campaign, async (tools) => {
    const scorer = await tools.scorerLike(checked.manifest.deviceClass)
    return work({
      shard: checked,
      servers,
      tools: { ...tools, scorer, looker: await tools.lookerFor(scorer) },
      job: { shard: checked, campaign, source, threads, offline, signal, onProgress },
    })
  })
}

/**
 * Audit a shard: the sample that this node's signature draws, then what others accuse.
 *
 * A shard of which not even the files are what its producer signed is forged in every row.
 *
 * @param epoch - the audit's day
 * @param openAccusations - asked last, since others audit meanwhile: rows to be looked at again, and all verdicts on it
 * @throws as `withShard`, `recheckShard`
 */
export async function auditShard(
  parts: AuditingParts,
  task: AuditTask,
  running: AuditRunning,
  epoch: number,
  openAccusations: () => Promise<{ rows: SampledRow[]; verdicts: Verdict[] }>,
): Promise<Audited> {
  const { home, network, hearings } = parts
  const { id, segment, shard } = task
  const proof = await home.signer.sign(proofMessage(shard.manifest))
  const told = { campaign: id, producer: shard.peer, epoch, proof }
  const copying = { blocks: home.blocks, network, hearings }
  try {
    return await withShard(parts, task, running, async ({ shard: checked, servers, tools, job }) => {
      const suspect = { ...checked, record: shard.id }
      const rechecked = await recheckShard(tools, job, proof)
      const original = await findOriginal(copying, id, suspect, running.signal)
      if (original !== null) accuseOfCopying(rechecked, original)
      const { rows, verdicts } = await openAccusations()
      const answers = await answerAccusations(
        tools,
        job,
        rows,
        verdicts,
        judgeOriginals(parts, task, checked, running.signal),
      )
      const { deviceClass } = tools.scorer
      return {
        ...{ rechecked, answers },
        verdict: toVerdict(rechecked, answers, { ...told, shard: checked, servers, deviceClass }),
      }
    })
  } catch (error) {
    if (!isUnreadable(error)) throw error
    const rechecked = await allForged(parts, task, proof, error.code)
    const { rows } = await openAccusations()
    const answers = rows.map((row) => ({ ...row, ...forged(error.code) }))
    const manifest = { segment } as CheckedShard['manifest']
    const unread = { cid: shard.manifest, manifest } as CheckedShard
    return {
      ...{ rechecked, answers },
      verdict: toVerdict(rechecked, answers, { ...told, shard: unread, deviceClass: 'none' }),
    }
  }
}

/** Gateways have no key, and earn nothing. */
function readServed(name: string, bytes: number): Served[] {
  try {
    return [{ peer: keyOfPeer(name), bytes }]
  } catch {
    return []
  }
}

/** @returns what says whether a shard is a copy of the one with a manifest; null where that can't be told here */
export function judgeOriginals(
  { home, ledger, network, hearings }: AuditingParts,
  { id, segment, shard }: AuditTask,
  checked: CheckedShard,
  signal: AbortSignal,
): (original: CID | null) => Promise<boolean | null> {
  const copying = { blocks: home.blocks, network, hearings }
  return (original) => {
    const other = ledger.shardsOf(id, segment).find((one) => original?.equals(one.manifest))
    const known = other && !other.id.equals(shard.id) ? { manifest: other.manifest, record: other.id } : null
    return judgeCopy(copying, id, { ...checked, record: shard.id }, known, signal)
  }
}

/** A place of the source is what nobody else's sample holds, so that those who know nothing of the copy deny nothing. */
function accuseOfCopying({ findings }: Rechecked, original: CID): void {
  const place = findings.findIndex(({ frame }) => frame === 'source')
  findings[place] = { ...findings[place]!, ...forged(COPIED), found: { original: original.toString() } }
}

const forged = (code: string): Omit<Finding, 'frame' | 'row'> => ({
  ...{ finding: 'forged', code },
  ...{ said: {}, found: {} },
})

/** Whether the bytes that the producer signed are at fault: never the network, this disk or this machine's haste. */
function isUnreadable(error: unknown): error is ShoalError {
  if (!(error instanceof ShoalError)) return false
  const isTimeout = ['TimeoutError', 'AbortError'].includes((error.cause as Error | undefined)?.name ?? '')
  return !isTimeout && /^(?:codec_.*|manifest_.*|shard_(?:mismatch|bytes|rows|parquet))$/.test(error.code)
}

async function allForged(
  { ledger }: AuditingParts,
  { shard, campaign }: AuditTask,
  proof: Uint8Array,
  code: string,
): Promise<Rechecked> {
  const { rows } = decodeShard(await open((await ledger.find(shard.id))!, verifySignature))
  // what was dropped stands in the manifest alone
  const frames = { kept: rows, dropped: 0 }
  const sample = drawSample(proof, frames, campaign.audit.samples)
  const findings = FRAMES.flatMap((frame) => sample[frame].map((row) => ({ frame, row, ...forged(code) })))
  return { frames, findings }
}
