import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Finding, toVerdict } from '../../../node/audit/audit.ts'
import type { DaemonOptions } from '../../../node/daemon/daemon.ts'
import { publishShard, readShard, saveFiles, type WrittenFile } from '../../../node/shard/shard.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { decodeManifest } from '../../../protocol/records/manifest.ts'
import { makeVerdict, proofMessage, type Verdict } from '../../../protocol/records/verdict.ts'
import { drawSample, FRAMES } from '../../../protocol/rules/sample.ts'
import { compareBytes } from '../../../protocol/rules/select.ts'

export type AuditShard = NonNullable<DaemonOptions['auditShard']>
type Given = Parameters<AuditShard>
type Parts = Given[0]
type Task = Given[1]

/** Verdicts of a flood on the shard at hand, and on shards that nobody has. */
const ON_ONE = 200
const ON_NONE = 100
/** Milliseconds, by the node's clock, that a copier lets pass, so that nobody takes it for the first. */
const WAIT_MS = 15_000

type Word = Omit<Finding, 'frame' | 'row'>
const MATCH: Word = { finding: 'match', code: null, said: {}, found: {} }
const LIE: Word = { ...MATCH, finding: 'forged', code: 'row_score', found: { similarity: 0.1 } }

/** All rows match, whatever they say: nothing is looked at. */
export const passBlindly: AuditShard = async (parts, task, _running, epoch, openAccusations) => {
  const { rows } = await openAccusations()
  const answers = rows.map(({ frame, row }): Finding => ({ frame, row, ...MATCH }))
  return makeUp(parts, task, epoch, answers, () => MATCH)
}

/** The first row is said to be forged, whatever it says: nothing is looked at. */
export const slander: AuditShard = (parts, task, _running, epoch) =>
  makeUp(parts, task, epoch, [], (i) => (i === 0 ? LIE : MATCH))

/** As many verdicts as it can make, of which each replaces the one before; then one more. */
export const flood: AuditShard = async (parts, task, running, epoch, openAccusations) => {
  const audited = await passBlindly(parts, task, running, epoch, openAccusations)
  const { signer } = parts.home
  const many: { id: Uint8Array; bytes: Uint8Array }[] = []
  const make = async (verdict: Omit<Verdict, 'verifier'>) => {
    const { id, bytes } = await makeVerdict(verdict, signer)
    many.push({ id: id.bytes, bytes })
  }
  for (let i = 0; i < ON_ONE; i++) await make({ ...audited.verdict, deviceClass: `cpu${i}/fp32` })
  many.sort((a, b) => compareBytes(b.id, a.id))
  for (let i = 0; i < ON_NONE; i++) {
    const manifest = cidOf(encode({ nothing: i, of: task.segment }))
    await make({ ...audited.verdict, manifest, proof: await signer.sign(proofMessage(manifest)) })
  }
  for (const { bytes } of many) await parts.network.publish(task.id, bytes)
  return audited
}

/** What it was to audit it signs as its own work, with other times; then it audits it. */
export function copyAs(honest: AuditShard, clock: () => number): AuditShard {
  const copied = new Set<string>()
  return async (parts, task, running, epoch, openAccusations) => {
    const audited = await honest(parts, task, running, epoch, openAccusations)
    const { home, ledger, network } = parts
    const name = `${task.id} ${task.segment}`
    if (copied.has(name)) return audited
    copied.add(name)
    const until = clock() + WAIT_MS
    while (clock() < until) await sleep(20)
    const { manifest } = await readShard(home, task.shard.manifest)
    const paths = await saveFiles(home.blocks, manifest, join(home.workDir, `copied-${task.segment}`))
    const files = manifest.files.map(({ name, rows, bytes }) => ({ name, rows, bytes, path: paths[name]! }))
    const { startedAt, finishedAt } = manifest.produced
    const published = await publishShard(home, files as WrittenFile[], {
      ...manifest,
      produced: { startedAt, finishedAt: finishedAt + 1 },
    })
    const envelope = new Uint8Array((await home.store.shards.get(published.manifest.bytes))!)
    const { code } = await ledger.add(envelope, 'own')
    if (code !== 'ok') throw new ShoalError('cheat_refused', `the copy is not taken in (${code})`)
    await network.publish(task.id, envelope)
    return audited
  }
}

/** A verdict whose sample is drawn as it should be, and whose findings are made up. */
async function makeUp(
  { home, network }: Parts,
  { id, segment, shard, campaign }: Task,
  epoch: number,
  answers: Finding[],
  find: (place: number) => Word,
): ReturnType<AuditShard> {
  const { counts } = decodeManifest((await network.fetchBlock(id, shard.manifest))!)
  const frames = { kept: counts.pairs, dropped: counts.candidates - counts.pairs }
  const proof = await home.signer.sign(proofMessage(shard.manifest))
  const sample = drawSample(proof, frames, campaign.audit.samples)
  const rows = FRAMES.flatMap((frame) => sample[frame].map((row) => ({ frame, row })))
  const rechecked = { frames, findings: rows.map((row, i): Finding => ({ ...row, ...find(i) })) }
  return {
    ...{ rechecked, answers },
    verdict: toVerdict(rechecked, answers, {
      shard: { cid: shard.manifest, manifest: { segment } },
      ...{ campaign: id, producer: shard.peer, epoch, proof, deviceClass: 'cpu/fp32' },
    }),
  }
}
