import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import {
  type AuditJob,
  type AuditParts,
  type Finding,
  recheckShard,
  toVerdict,
} from '../../../node/audit/audit.ts'
import { chooseRules } from '../../../node/choose-rules.ts'
import type { Crawl, Images, Scorer } from '../../../node/components.ts'
import { startCrawl } from '../../../node/crawl/crawl.ts'
import { type Identity, loadIdentity, verifySignature } from '../../../node/identity.ts'
import { startImages } from '../../../node/images/images.ts'
import { playWeb } from '../../../node/play-web.ts'
import { produceShard } from '../../../node/produce-shard.ts'
import { EMBEDDED, openScorer } from '../../../node/score/score.ts'
import { makeJob } from '../../../node/segment-job.ts'
import { readShard } from '../../../node/shard/shard.ts'
import { openBlocks, openStore } from '../../../node/store/store.ts'
import { openWeb } from '../../../node/web/web.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { open } from '../../../protocol/envelope.ts'
import {
  type Campaign,
  DEFAULT_AUDIT,
  decodeCampaign,
  makeCampaign,
  pipelineId,
} from '../../../protocol/records/campaign.ts'
import { proofMessage, type Verdict } from '../../../protocol/records/verdict.ts'
import { makeBallots } from '../../../protocol/rules/quorum.ts'
import { defaultPolicy, type Judged, tally } from '../../../protocol/rules/standing.ts'
import { quantiseModel } from '../../../scripts/quantise-model.ts'
import { makeSegment, startHonestWeb } from './honest-web.ts'

/** What came of the audits of honest shards. */
export interface HonestAudits {
  /** by shard and verifier */
  findings: Finding[][][]
  deviceClasses: string[]
  judged: Judged[]
  offences: number
}

/** Nearly what a device may be off the golden pairs. */
const STRAY = 0.45 * DEFAULT_AUDIT.tolerances.full
/** A busy machine takes its time, and mute servers are waited for. */
const LIMITS = { headersMs: 1_500, totalMs: 4_000 }

/**
 * Make `count` honest shards, of so many pages each, from a web of this machine's, let the web grow old, and have each audited by three
 * verifiers: two that score as the producer did, on a machine that strays the other way, and one with fp32 alone.
 * Producers and verifiers have other threads and batches than each other.
 */
export async function auditHonest(count: number, pages: number): Promise<HonestAudits> {
  await using opened = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'shoal-honest-'))
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  const web = await startHonestWeb()
  opened.defer(() => web.close())
  const mini = join(dir, 'mini')
  await quantiseModel(EMBEDDED, mini)

  async function openModel(precision: string, threads: number, batch: number): Promise<Scorer> {
    const model = precision === 'fp32' ? undefined : mini
    const scorer = await openScorer(model, { cacheDir: dir, precision, threads, batch })
    opened.defer(() => scorer.close())
    return scorer
  }

  function openImages(threads: number, hosts: Record<string, string>): Images {
    const way = openWeb(playWeb({ hosts }).web)
    opened.defer(() => way.close())
    const images = startImages({
      ...{ threads, userAgent: 'Shoal-test/1', web: way, limits: LIMITS },
      politeness: { hostGapMs: 0, backoffMs: 20 },
    })
    opened.defer(() => images.close())
    return images
  }

  function openCrawl(threads: number): Crawl {
    const crawl = startCrawl({ threads })
    opened.defer(() => crawl.close())
    return crawl
  }

  const [plain, coarse] = [await openModel('fp32', 2, 16), await openModel('quantized', 1, 16)]
  const [plainToo, coarseToo] = [await openModel('fp32', 1, 3), await openModel('quantized', 2, 5)]
  const store = await openStore(join(dir, 'db'))
  opened.defer(() => store.close())
  const blocks = await openBlocks(join(dir, 'blocks'))
  const keys = await Promise.all(Array.from({ length: 4 }, (_, i) => loadIdentity(join(dir, `key-${i}`))))
  const [producer, ...verifiers] = keys as [Identity, ...Identity[]]
  const { campaign, id } = await signCampaign([plain, coarse], count, producer)

  const [crawl, crawlToo] = [openCrawl(1), openCrawl(2)]
  const images = openImages(1, web.hosts)
  const jobs: AuditJob[] = []
  for (let segment = 0; segment < count; segment++) {
    const location = join(dir, `${segment}.warc.gz`)
    await writeFile(location, makeSegment(segment, pages))
    const source = {
      kind: 'warc',
      location,
      name: `${segment}.warc.gz`,
      part: { index: 0, count: 1 },
    } as const
    const scorer = segment % 2 === 0 ? strayBy(plain, STRAY) : coarse
    const { manifest } = await produceShard(
      { crawl, images, scorer, store, blocks, signer: producer },
      makeJob({ source, bytes: null, fingerprint: 'made' }, id, campaign.pipeline, {
        ...{ clock: () => 1_800_000_000_000, offline: false, duplicatesWithin: 'segment' },
      }),
      { campaign: id, segment, pipeline: pipelineId(campaign.pipeline), software: 'shoal/test' },
      { threads: 1 + (segment % 3), workDir: join(dir, 'work'), onProgress() {} },
    )
    const shard = await readShard({ store, blocks }, CID.parse(manifest))
    jobs.push({ shard, campaign, source, threads: 1, offline: false })
  }

  web.growOld()
  const one = { crawl, images: openImages(1, web.laterHosts) }
  const tools = [one, { crawl: crawlToo, images: openImages(2, web.laterHosts) }, one]
  const scorersOf = (verifier: number, producerDevice: string): Scorer => {
    if (verifier === 2) return plain
    return producerDevice === coarseToo.deviceClass
      ? coarseToo
      : strayBy(plainToo, verifier === 0 ? -STRAY : 0)
  }
  const audits: { findings: Finding[]; verdict: Verdict }[][] = []
  for (const job of jobs)
    audits.push(
      await Promise.all(
        verifiers.map(async (identity, i) => {
          const scorer = scorersOf(i, job.shard.manifest.deviceClass)
          const parts: AuditParts = { ...tools[i]!, scorer }
          return audit(parts, { ...job, threads: 1 + i }, identity, producer.publicKey)
        }),
      ),
    )
  const { shards, standings } = tally({
    peers: keys.map(({ publicKey }) => publicKey),
    shards: audits.map((verdicts, segment) => ({
      ...{ producer: 0, segment, seq: segment },
      ballots: makeBallots(
        verdicts.map(({ verdict }) => verdict),
        (key) => keys.findIndex(({ publicKey }) => Buffer.from(key).equals(publicKey)),
      ),
    })),
    verifiers: DEFAULT_AUDIT.verifiers,
    policy: defaultPolicy({ verifiers: 2 }),
  })
  return {
    findings: audits.map((verdicts) => verdicts.map(({ findings }) => findings)),
    deviceClasses: jobs.map(({ shard }) => shard.manifest.deviceClass),
    judged: shards,
    offences: standings.reduce((sum, { offences }) => sum + offences.length, 0),
  }
}

async function audit(
  parts: AuditParts,
  job: AuditJob,
  { publicKey, sign }: Identity,
  producer: Uint8Array,
): Promise<{ findings: Finding[]; verdict: Verdict }> {
  const proof = await sign(proofMessage(job.shard.cid))
  const rechecked = await recheckShard(parts, job, proof)
  const { campaign } = job.shard.manifest
  const { deviceClass } = parts.scorer
  const fields = toVerdict(rechecked, [], {
    ...{ shard: job.shard, campaign, producer, epoch: 20_000, proof, deviceClass },
  })
  return { findings: rechecked.findings, verdict: { ...fields, verifier: publicKey } }
}

/** The same model on a machine that rounds to one side. */
function strayBy(scorer: Scorer, stray: number): Scorer {
  return {
    ...scorer,
    async score(crop, text) {
      const { similarity, embedding } = await scorer.score(crop, text)
      return { similarity: similarity + stray, embedding: embedding.map((value) => value + stray / 100) }
    },
  }
}

async function signCampaign(
  scorers: [Scorer, Scorer],
  count: number,
  identity: Identity,
): Promise<{ campaign: Campaign; id: CID }> {
  const [{ model }] = scorers
  const files = new Map(scorers.flatMap((scorer) => scorer.model.files.map((file) => [file.path, file])))
  const rules = chooseRules({ preset: 'laion-5b', threshold: 0.14 }, scorers[0])
  const sealed = await makeCampaign(
    {
      ...{ name: 'honest', contact: 'test@example.org' },
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count, parts: 1 }],
      pipeline: {
        model: { repo: model.repo, files: [...files.values()] },
        ...{ rules, consent: ['robots.txt', 'X-Robots-Tag', 'TDMRep'], safety: { tags: null, heads: [] } },
      },
      // all rows of such small shards
      audit: { ...DEFAULT_AUDIT, samples: 30 },
      trust: { mode: 'open', operators: [] },
      custodians: [],
    },
    identity,
  )
  return { campaign: decodeCampaign(await open(sealed.bytes, verifySignature)), id: sealed.id }
}
