import { cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import type { CandidateOutcome, Pair } from '../../../node/components.ts'
import { type Home, openHome } from '../../../node/home.ts'
import { verifySignature } from '../../../node/identity.ts'
import { type Ledger, openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { openRemovals, type Removals } from '../../../node/removals/removals.ts'
import { PAIR_COLUMNS, publishShard, startShardWriter, writeTable } from '../../../node/shard/shard.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Sealed, Signer } from '../../../protocol/envelope.ts'
import { open } from '../../../protocol/envelope.ts'
import {
  DEFAULT_AUDIT,
  decodeCampaign,
  makeCampaign,
  pipelineId,
} from '../../../protocol/records/campaign.ts'
import { NO_SAFETY, type Safety } from '../../../protocol/records/safety.ts'
import { countFindings, makeVerdict, packFindings, proofMessage } from '../../../protocol/records/verdict.ts'
import { epochOf } from '../../../protocol/rules/assign-verifiers.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { sampleCounts } from '../../../protocol/rules/sample.ts'
import { makeSigner, NOW } from '../ledger/make-records.ts'
import { until } from '../network/start-node.ts'

export const clock = () => NOW

/** A node on the disk, with the ledger that it has. */
export interface OpenNode {
  dir: string
  home: Home
  ledger: Ledger
  removals: Removals
  close(): Promise<void>
}

export interface MadeCampaign {
  dir: string
  campaign: CID
  /** the organiser's node, whose own all shards are */
  organiser: OpenNode
  /** of the shards' manifests, in the order of segments */
  manifests: CID[]
  /** Another node with the same records and blocks. */
  copy(): Promise<OpenNode>
  /** The same once more, of an organiser that is closed. */
  again(): Promise<MadeCampaign>
  close(): Promise<void>
}

/** Peers who know nothing new, and pass nothing on. */
export const UNHEARD = { publish: async () => 0, refresh: async () => true }

/** Have another node know all that the organiser's has removed, as it would by a sync. */
export async function tellRemovals(campaign: CID, organiser: OpenNode, other: OpenNode): Promise<void> {
  const known = organiser.ledger.removalsOf(campaign)
  organiser.removals.connect(UNHEARD)
  await until('the organiser has said what is removed', async () => (await known.heads()).length > 0)
  for (const id of known.ids()) await other.ledger.add((await organiser.ledger.find(id))!, 'sync')
  other.removals.connect(UNHEARD)
}

export async function openNode(dir: string): Promise<OpenNode> {
  const home = await openHome(dir)
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock })
  const removals = await openRemovals({ ...home, ledger, clock })
  return {
    ...{ dir, home, ledger, removals },
    async close() {
      await removals.close()
      await ledger.close()
      await home.close()
    },
  }
}

/**
 * A campaign with a shard a segment, each found good by three verifiers.
 *
 * @param shards - the pairs of each. @param unaudited - segments on which there are no verdicts. @param safety - what the
 * campaign has looked for.
 * @param forge - gives a pair another uid than it has
 */
export async function makeReleasable(
  shards: Pair[][],
  { unaudited = [] as number[], forge = (_: Pair, uid: string) => uid, safety = NO_SAFETY } = {},
): Promise<MadeCampaign> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-release-'))
  const organiser = await openNode(join(dir, 'organiser'))
  const { home } = organiser
  const sealed = await sealCampaign(shards.length, home.signer, safety)
  const records = [sealed.bytes]
  const { pipeline } = decodeCampaign(await open(sealed.bytes, verifySignature))
  const manifests: CID[] = []
  for (const [segment, pairs] of shards.entries()) {
    const writer = await startShardWriter(join(dir, 'files'))
    await writer.add({ pairs, outcomes: pairs.map(keptOf) })
    const files = await writer.finish()
    const table = writeTable(files[0]!.path, PAIR_COLUMNS, 4_096)
    table.append(
      PAIR_COLUMNS.map(({ name, cell }) =>
        pairs.map((pair) => (name === 'uid' ? forge(pair, cell(pair) as string) : cell(pair))),
      ),
    )
    table.finish()
    files[0]!.bytes = (await stat(files[0]!.path)).size
    const { manifest } = await publishShard(home, files, {
      ...{ campaign: sealed.id, segment, pipeline: pipelineId(pipeline), deviceClass: 'cpu/fp32' },
      counts: {
        ...{ records: 1, responses: 1, htmlPages: 1, badRecords: 0, imgs: pairs.length },
        ...{ candidates: pairs.length, pairs: pairs.length, kept: pairs.length },
      },
      ...{ software: 'shoal/test', previous: null, produced: { startedAt: 1, finishedAt: 2 } },
    })
    manifests.push(manifest)
    records.push((await home.store.shards.get(manifest.bytes))!)
    if (!unaudited.includes(segment))
      for (const verifier of [1, 2, 3].map(makeSigner))
        records.push(await sealGood(sealed, { manifest, segment, rows: pairs.length }, home.signer, verifier))
  }
  await addAll(organiser, records)
  return campaignIn(dir, organiser, { campaign: sealed.id, manifests, records })
}

function campaignIn(
  dir: string,
  organiser: OpenNode,
  made: { campaign: CID; manifests: CID[]; records: Uint8Array[] },
): MadeCampaign {
  const opened: OpenNode[] = [organiser]
  return {
    ...{ dir, campaign: made.campaign, organiser, manifests: made.manifests },
    async again() {
      const to = await mkdtemp(join(tmpdir(), 'shoal-release-'))
      await cp(organiser.dir, join(to, 'organiser'), { recursive: true })
      return campaignIn(to, await openNode(join(to, 'organiser')), made)
    },
    async copy() {
      const to = join(dir, `copy-${opened.length}`)
      await cp(join(organiser.dir, 'blocks'), join(to, 'blocks'), { recursive: true })
      const node = await openNode(to)
      await addAll(node, made.records)
      opened.push(node)
      return node
    },
    async close() {
      for (const node of opened) await node.close().catch(() => {})
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function addAll({ ledger }: OpenNode, records: Uint8Array[]): Promise<void> {
  for (const [i, record] of records.entries()) {
    const { verdict, code } = await ledger.add(record, i === 0 ? 'own' : 'sync')
    if (verdict !== 'accept') throw new Error(`record ${i} was not taken: ${code}`)
  }
}

function sealCampaign(segments: number, signer: Signer, safety: Safety): Promise<Sealed> {
  return makeCampaign(
    {
      ...{ name: 'released', contact: 'test@example.org' },
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: segments, parts: 1 }],
      pipeline: {
        model: { repo: 'test', files: [{ path: 'model.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
        ...{
          rules: PRESETS['laion-5b']!,
          consent: ['robots.txt', 'X-Robots-Tag', 'TDMRep'],
          safety,
        },
      },
      ...{ audit: DEFAULT_AUDIT, trust: { mode: 'open', operators: [] }, custodians: [] },
    },
    signer,
  )
}

async function sealGood(
  campaign: Sealed,
  { manifest, segment, rows }: { manifest: CID; segment: number; rows: number },
  producer: Signer,
  verifier: Signer,
): Promise<Uint8Array> {
  const frames = { kept: rows, dropped: 0 }
  const sampled = sampleCounts(frames, DEFAULT_AUDIT.samples)
  const findings = Array.from({ length: sampled.kept + sampled.source }, () => 'match' as const)
  const { matched, unverifiable } = countFindings(findings)
  const { bytes } = await makeVerdict(
    {
      ...{ campaign: campaign.id, manifest, segment, producer: producer.publicKey, epoch: epochOf(NOW) },
      proof: new Uint8Array(await verifier.sign(proofMessage(manifest))),
      ...{ deviceClass: 'cpu/fp32', frames, sampled, findings: packFindings(findings) },
      ...{ matched, unverifiable, forged: [], rechecked: [], ruling: 'good' },
    },
    verifier,
  )
  return bytes
}

function keptOf(pair: Pair): CandidateOutcome {
  const { url, pageUrl, warcPath, warcOffset, warcLength, imageOrdinal, similarity, sha256, pdq } = pair
  return {
    ...{ url, pageUrl, warcPath, warcOffset, warcLength, imageOrdinal, similarity, sha256, pdq },
    ...{ outcome: 'kept', detail: null, sourceOffset: warcOffset, sourceLength: warcLength },
    ...{ imageOffset: null, imageLength: null },
  }
}
