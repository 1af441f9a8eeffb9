import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import type { ShoalError } from '../../protocol/errors.ts'
import { type Campaign, pipelineId } from '../../protocol/records/campaign.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import type { ReleaseEntry } from '../../protocol/records/release.ts'
import { decodeShard } from '../../protocol/records/shard.ts'
import type { StageProgress } from '../components.ts'
import { hide, NOTHING_HIDDEN } from '../denied/denied.ts'
import type { Home } from '../home.ts'
import { verifySignature } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Removals } from '../removals/removals.ts'
import type { Blocks } from '../store/store.ts'
import { checkAttestations } from './check-attestations.ts'
import { sameRows } from './compare-files.ts'
import { type Check, type Findings, some, startFindings } from './findings.ts'
import { blocksOf } from './held.ts'
import { openLanes } from './lanes.ts'
import { campaignOf, demandTrusted, entriesOf, type ReadRelease, readBlock, readRelease } from './read.ts'
import { type PairsFile, selectRows } from './select-rows.ts'

export interface CheckedRelease extends ReadRelease {
  checks: Check[]
}

interface Parts {
  home: Home
  ledger: Ledger
  removals: Removals
  clock: () => number
}

interface CheckOptions {
  /** keys of peers that are trusted as signers besides the campaign's own */
  signers?: readonly Uint8Array[]
  onProgress?: ((stages: StageProgress[]) => void) | undefined
  signal?: AbortSignal | undefined
}

/** An entry, and its shard's own pairs; null where they are not here whole. */
interface Looked {
  entry: ReleaseEntry
  original: PairsFile | null
  isHere: boolean
}

/**
 * Recompute of a release what can be: every block, who signed what, whether the shards satisfy the policy by the verdicts
 * known here, that no pair is in it twice, and that what fell had to fall.
 *
 * @throws ShoalError `release_signer`, `removals_stale`; as `readRelease`, `entriesOf`
 */
export async function checkRelease(
  { home, ledger, removals, clock }: Parts,
  cid: CID,
  { signers = [], onProgress = () => {}, signal }: CheckOptions = {},
): Promise<CheckedRelease> {
  const { blocks } = home
  const read = await readRelease(blocks, cid)
  const { content } = read
  const campaign = await campaignOf(blocks, content).catch((error: ShoalError) => {
    if (error.code === 'block_missing') return null
    throw error
  })
  demandTrusted(read, { campaign, signers, now: clock() })
  const checks: Check[] = [{ what: 'signature', state: 'holds', detail: 'by a trusted signer, not stale' }]

  const looked: Looked[] = []
  const shards = startFindings()
  const found = { blocks: 0, bytes: 0, missing: 0, corrupt: [] as string[] }
  for await (const entry of entriesOf(blocks, content)) {
    signal?.throwIfAborted()
    looked.push(await lookAt(blocks, entry, content.campaign, campaign, shards, found))
  }
  checks.push(shards.end('shards', (count) => `${count} records and manifests are here, signed, and agree`))
  checks.push({
    what: 'blocks',
    state: found.corrupt.length > 0 ? 'fails' : found.missing > 0 ? 'unknown' : 'holds',
    detail:
      found.corrupt.length > 0
        ? some(found.corrupt)
        : `${found.blocks} have the right hash${found.missing > 0 ? `, ${found.missing} are not here: get them with \`shoal fetch ${cid}\`` : ''}`,
  })
  checks.push(await checkVerdicts(ledger, read, looked))
  if (content.attestedBy !== null)
    checks.push(
      await checkAttestations(
        { blocks, removals },
        read,
        campaign,
        looked.map(({ entry }) => entry),
      ),
    )

  const known = await removals.inForce(content.campaign)
  const isKnown = Buffer.compare(known.root ?? NOTHING, content.removals ?? NOTHING) === 0
  const hidden = content.removals === null ? NOTHING_HIDDEN : isKnown ? hide([known.subjects]) : null
  const lanes = openLanes(signal)
  const dir = join(home.workDir, `check-${randomUUID()}`)
  try {
    await mkdir(dir, { recursive: true })
    const stage: StageProgress = { stage: 'read', done: 0, total: 2 * content.counts.pairs, unit: 'rows' }
    const onRows = (rows: number) => {
      stage.done += rows
      onProgress([stage])
    }
    const { profile } = content
    const work = { blocks, lanes, hidden: hidden ?? NOTHING_HIDDEN, profile, dir, onRows }
    checks.push(await checkRows(looked, work))
    checks.push(await checkDropped(looked, work, hidden !== null))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  return { ...read, checks }
}
const NOTHING = new Uint8Array()

async function lookAt(
  blocks: Blocks,
  entry: ReleaseEntry,
  id: CID,
  campaign: Campaign | null,
  shards: Findings,
  found: { blocks: number; bytes: number; missing: number; corrupt: string[] },
): Promise<Looked> {
  const { manifest: cid, record, segment } = entry
  // what a rewritten file was made of is no part of the release
  const originals = { ...found, corrupt: found.corrupt }
  async function take(file: CID, count = found): Promise<boolean> {
    let whole = true
    for await (const { cid, isHere } of blocksOf(blocks, file))
      try {
        if (!isHere) {
          whole = false
          count.missing++
          continue
        }
        count.bytes += (await readBlock(blocks, cid)).length
        count.blocks++
      } catch (error) {
        whole = false
        count.corrupt.push((error as ShoalError).message)
      }
    return whole
  }
  const isHere = await take(entry.pairs)
  const hasManifest = await take(cid)
  const hasRecord = await take(record)
  if (!hasManifest || !hasRecord) {
    shards.isUnknown()
    return { entry, original: null, isHere }
  }
  try {
    const manifest = decodeManifest(await readBlock(blocks, cid))
    const shard = decodeShard(await open(await readBlock(blocks, record), verifySignature))
    const pairs = manifest.files.find(({ name }) => name === 'pairs.parquet')!
    const dropped = fallen(entry)
    const agree =
      shard.manifest.equals(cid) &&
      [shard.campaign, manifest.campaign].every((one) => one.equals(id)) &&
      [shard.segment, manifest.segment].every((one) => one === segment) &&
      [shard.rows, pairs.rows].every((one) => one === entry.rows + dropped) &&
      (campaign === null || manifest.pipeline.equals(pipelineId(campaign.pipeline))) &&
      (dropped > 0 || (entry.pairs.equals(pairs.cid) && entry.bytes === pairs.bytes))
    if (agree) shards.holds()
    else shards.isWrong(`shard ${cid} is not what its record and the release say`)
    const whole = entry.pairs.equals(pairs.cid) ? isHere : await take(pairs.cid, originals)
    return { entry, isHere, original: whole && agree ? { manifest: cid, ...pairs } : null }
  } catch (error) {
    shards.isWrong(`shard ${cid}: ${(error as Error).message}`)
    return { entry, original: null, isHere }
  }
}

/** By the policy of the release, and by what is known now: a shard that was refused since is told. */
async function checkVerdicts(
  ledger: Ledger,
  { content }: ReadRelease,
  looked: readonly Looked[],
): Promise<Check> {
  const { campaign, policy } = content
  if (!ledger.campaigns().some(({ id }) => id.equals(campaign)))
    return {
      what: 'verdicts',
      state: 'unknown',
      detail: `this node knows none: take part in the campaign with \`shoal campaign join ${campaign}\``,
    }
  const judged = await ledger.judge(campaign, policy)
  const findings = startFindings()
  for (const { entry } of looked) {
    const state = judged.shard(entry.record)?.state ?? 'unaudited'
    if (state === 'verified') findings.holds()
    else if (state === 'unaudited') findings.isUnknown()
    else findings.isWrong(`shard ${entry.manifest} is ${state}`)
  }
  return findings.end('verdicts', (count) => `${count} shards satisfy the policy by the verdicts known here`)
}

type Work = Parameters<typeof selectRows>[1]

/** Each row is named as its content demands, and is in the release once. */
async function checkRows(looked: readonly Looked[], work: Work): Promise<Check> {
  const here = looked.filter(({ isHere }) => isHere)
  const files = here.map(({ entry }) => releasedFile(entry))
  const selection = await selectRows(files, work)
  const findings = startFindings()
  for (const [i, { manifest }] of files.entries()) {
    const { duplicates, removed, unfit } = selection.countOf(i)
    if (duplicates + removed + unfit === 0) findings.holds()
    else
      findings.isWrong(
        `of shard ${manifest}, ${duplicates} rows are in it twice, ${removed} are removed or misnamed, and ${unfit} do not fit the profile ${work.profile}`,
      )
  }
  for (let i = here.length; i < looked.length; i++) findings.isUnknown()
  return findings.end('rows', (count) => `of ${count} shards each row is in it once, and fits the profile`)
}

/** What fell had to fall, and all else is there as it was. */
async function checkDropped(looked: readonly Looked[], work: Work, isRemovalsKnown: boolean): Promise<Check> {
  const { blocks, lanes } = work
  const findings = startFindings()
  const isComplete = looked.every(({ original }) => original !== null)
  const selection =
    isRemovalsKnown && isComplete
      ? await selectRows(
          looked.map(({ original }) => original!),
          work,
        )
      : null
  const isCountless = looked.some(({ entry }, i) => selection && selection.countOf(i).removed < entry.removed)
  await lanes.each(looked.entries(), async (lane, [i, { entry, original, isHere }]) => {
    const { duplicates, removed, unfit, manifest } = entry
    const due = selection?.countOf(i)
    // what nobody is told of is absent alone: who signed the release may hide more than is said to be removed
    if (due && isCountless && removed >= due.removed) {
      if (
        original === null ||
        !isHere ||
        !(await sameRows(blocks, lane, original, releasedFile(entry), null))
      )
        return findings.isWrong(`what is left of shard ${manifest} is not what it was`)
      return findings.isUnknown()
    }
    if (due && (due.duplicates !== duplicates || due.removed !== removed || due.unfit !== unfit))
      return findings.isWrong(
        `of shard ${manifest}, ${due.duplicates} duplicates, ${due.removed} removed and ${due.unfit} unfit rows had to fall, not ${duplicates}, ${removed} and ${unfit}`,
      )
    if (fallen(entry) > 0) {
      if (original === null || !isHere) return findings.isUnknown()
      const keep = selection ? (from: number, to: number) => selection.keep(i, from, to) : null
      if (!(await sameRows(blocks, lane, original, releasedFile(entry), keep)))
        return findings.isWrong(`what is left of shard ${manifest} is not what it was`)
    }
    if (selection) findings.holds()
    else findings.isUnknown()
  })
  return findings.end('dropped', (count) => `of ${count} shards what fell had to, and the rest is as it was`)
}

function fallen({ duplicates, removed, unfit }: ReleaseEntry): number {
  return duplicates + removed + unfit
}

function releasedFile({ manifest, pairs, bytes, rows }: ReleaseEntry): PairsFile {
  return { manifest, cid: pairs, bytes, rows }
}
