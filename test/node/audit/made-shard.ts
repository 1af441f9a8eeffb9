/// <reference lib="esnext.float16" />
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { CID } from 'multiformats/cid'
import sharp from 'sharp'
import { type AuditJob, type AuditParts, type Rechecked, recheckShard } from '../../../node/audit/audit.ts'
import { chooseRules } from '../../../node/choose-rules.ts'
import type { CandidateOutcome, Images, Pair, Scorer, SegmentSource } from '../../../node/components.ts'
import { startCrawl } from '../../../node/crawl/crawl.ts'
import { type Identity, loadIdentity, verifySignature } from '../../../node/identity.ts'
import { startImages } from '../../../node/images/images.ts'
import { openLooker } from '../../../node/look/look.ts'
import { playWeb } from '../../../node/play-web.ts'
import { produceShard } from '../../../node/produce-shard.ts'
import { openScorer } from '../../../node/score/score.ts'
import { makeJob } from '../../../node/segment-job.ts'
import { type CheckedShard, publishShard, readShard, startShardWriter } from '../../../node/shard/shard.ts'
import { openBlocks, openStore } from '../../../node/store/store.ts'
import { openWeb } from '../../../node/web/web.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { open } from '../../../protocol/envelope.ts'
import type { Outcome } from '../../../protocol/outcomes.ts'
import {
  type Campaign,
  DEFAULT_AUDIT,
  decodeCampaign,
  makeCampaign,
  pipelineId,
} from '../../../protocol/records/campaign.ts'
import { NO_SAFETY, type Safety } from '../../../protocol/records/safety.ts'
import { proofMessage } from '../../../protocol/records/verdict.ts'
import type { FilterRules } from '../../../protocol/rules/filter.ts'
import { httpResponse, pageRecord, warcRecord } from '../crawl/make-warc.ts'
import { xmpPacket } from '../images/opted-out-files.ts'
import { makeCrawl } from '../work/made-crawl.ts'

/** All rows of a shard, as they are before they are written. */
export interface Rows {
  pairs: Pair[]
  outcomes: CandidateOutcome[]
}

/**
 * How the web answers: as it did for the crawl; with nothing; another picture; the same, compressed again; with opt-outs
 * in headers, in the site's tdmrep.json, in the picture's metadata.
 */
export type WebMode = 'same' | 'dead' | 'changed' | 'reencoded' | 'refused' | 'reserved' | 'marked'

/** So many that every row of a small shard is drawn. */
const ALL_SAMPLES = 160

/** A producer and a verifier on one machine, with one segment and its shard. */
export interface MadeShard {
  parts: AuditParts
  job: AuditJob
  identity: Identity
  /** The whole audit, by the producer's own key. */
  recheck(job?: AuditJob, parts?: AuditParts): Promise<Rechecked & { proof: Uint8Array }>
  rows(): Promise<Rows>
  /** the shard with other rows, published by the same producer; `changes` go into its manifest */
  forge(change: (rows: Rows) => void, deviceClass?: string): Promise<AuditJob>
  /** a byte of the made crawl, in a record that holds an archive and is the last */
  nested: number
  setWeb(mode: WebMode): void
  /** what has not asked any site yet; to be closed */
  startFetching(): Images
  close(): Promise<void>
}

const FILES = new URL('../../../cli/demo/files/', import.meta.url)

/**
 * Pages as in `made-crawl.ts`, and one that opts out.
 *
 * @param crawled - a file and the sites on its pages, and how long those may take, in place of the made crawl
 * @param safety - what is looked for in pictures; tags alone
 * @param model - that the producer scores with, and on what; shoal-mini on a CPU
 */
export async function makeShard(
  crawled?: { source: SegmentSource; hosts: Record<string, string>; limits: object },
  threads = 2,
  safety: Safety = NO_SAFETY,
  { model, device }: { model?: string; device?: string } = {},
): Promise<MadeShard> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-audit-'))
  const web = await startWeb()
  const file = join(dir, 'made.warc.gz')
  const optOut =
    '<html><head><meta name="robots" content="noai"></head><body><img src="http://h1.example/9/none.jpg" alt="A drawing of a house"></body></html>'
  const page = warcRecord(httpResponse(optOut), { 'WARC-Target-URI': 'http://pages.example/optout' })
  // an archive inside of the archive, in which a page begins as if it were one of the segment's
  const archive = warcRecord(
    httpResponse(gzipSync(pageRecord('nested', 5)), { 'Content-Type': 'application/gzip' }),
  )
  const members = [makeCrawl(8).warc, gzipSync(page), gzipSync(archive, { level: 0 })]
  await writeFile(file, Buffer.concat(members))
  const nested = members[0]!.length + members[1]!.length + 1
  const source = crawled?.source ?? {
    ...{ kind: 'warc', location: file, name: 'made.warc.gz' },
    part: { index: 0, count: 1 },
  }
  const played = playWeb({ hosts: crawled?.hosts ?? web.hosts })
  const opened = openWeb(played.web)
  const scorer = await openScorer(model, { cacheDir: dir, threads: 1, device })
  const startFetching = () =>
    startImages({
      ...{ threads, userAgent: 'Shoal-test/1', web: opened, limits: crawled?.limits ?? played.limits },
      politeness: { hostGapMs: 0, backoffMs: 50 },
    })
  const looker = await openLooker(safety, [], { scorer, threads })
  const tools = { crawl: startCrawl({ threads }), images: startFetching(), scorer, looker }
  const store = await openStore(join(dir, 'db'))
  const blocks = await openBlocks(join(dir, 'blocks'))
  const identity = await loadIdentity(dir)
  const rules = chooseRules({ preset: 'laion-5b', threshold: 0.14 }, scorer)
  const { campaign, id } = await signCampaign(scorer, rules, safety, identity)
  const { manifest } = await produceShard(
    { ...tools, store, blocks, signer: identity },
    makeJob({ source, bytes: null, fingerprint: 'made' }, id, campaign.pipeline, {
      ...{ clock: () => 1_800_000_000_000, offline: false, duplicatesWithin: 'segment' },
    }),
    { campaign: id, segment: 0, pipeline: pipelineId(campaign.pipeline), software: 'shoal/test' },
    { threads, workDir: join(dir, 'work'), onProgress() {} },
  )
  const shard = await readShard({ store, blocks }, CID.parse(manifest))
  // whoever reads keeps the threads: they are not started anew for each audit
  const reading = await tools.crawl.openRecords(source, rules)
  const job: AuditJob = { shard, campaign, source, threads, offline: false }

  async function rows(): Promise<Rows> {
    return readRows(shard)
  }

  async function forge(change: (rows: Rows) => void, deviceClass = 'cpu/fp32'): Promise<AuditJob> {
    const forged = await rows()
    change(forged)
    const out = join(dir, 'forged')
    const writer = await startShardWriter(out)
    await writer.add(forged)
    const files = await writer.finish()
    const counts: Partial<Record<Outcome, number>> = {}
    for (const { outcome } of forged.outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
    const { records, responses, htmlPages, badRecords, imgs } = shard.manifest.counts
    const published = await publishShard({ store, blocks, signer: identity }, files, {
      ...{ campaign: id, segment: 0, pipeline: pipelineId(campaign.pipeline), software: 'shoal/test' },
      counts: {
        ...{ records, responses, htmlPages, badRecords, imgs, ...counts },
        ...{ candidates: forged.outcomes.length, pairs: forged.pairs.length },
      },
      ...{ deviceClass, previous: null, produced: { startedAt: 1, finishedAt: 2 } },
    })
    return { ...job, shard: await readShard({ store, blocks }, published.manifest) }
  }

  return {
    ...{ parts: tools, job, identity, nested, rows, forge, setWeb: web.set, startFetching },
    async recheck(one = job, parts = tools) {
      const proof = await identity.sign(proofMessage(one.shard.cid))
      return { proof, ...(await recheckShard(parts, one, proof)) }
    },
    async close() {
      await reading.close()
      await Promise.all([tools.crawl.close(), tools.images.close(), scorer.close()])
      await opened.close()
      await store.close()
      await web.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function signCampaign(
  scorer: Scorer,
  rules: FilterRules,
  safety: Safety,
  identity: Identity,
): Promise<{ campaign: Campaign; id: CID }> {
  const sealed = await makeCampaign(
    {
      ...{ name: 'audited', contact: 'test@example.org' },
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: 1, parts: 1 }],
      pipeline: {
        model: scorer.model,
        rules,
        consent: ['robots.txt', 'X-Robots-Tag', 'TDMRep'],
        safety,
      },
      audit: { ...DEFAULT_AUDIT, samples: ALL_SAMPLES },
      trust: { mode: 'open', operators: [] },
      custodians: [],
    },
    identity,
  )
  return { campaign: decodeCampaign(await open(sealed.bytes, verifySignature)), id: sealed.id }
}

async function readRows({ pairs, outcomes }: CheckedShard): Promise<Rows> {
  const rows: Rows = { pairs: [], outcomes: [] }
  type Cells = Record<string, never>
  const number = (cell: bigint | null) => (cell === null ? null : Number(cell)) as never
  const place = (row: Cells) => ({
    ...{ url: row.url!, pageUrl: row.page_url!, warcPath: row.warc_path! },
    ...{ warcOffset: number(row.warc_offset!), warcLength: number(row.warc_length!) },
    imageOrdinal: row.image_ordinal!,
  })
  for await (const group of pairs.groups())
    for (const row of group as unknown as Cells[]) {
      const { text, width, height, similarity, language, license, sha256, md5, pdq, signals } = row
      const { nsfw, watermark, tags, faces, face_boxes: faceBoxes } = row
      const facts = { text, width, height, similarity, language, license, sha256, md5, pdq, signals }
      const safety = { nsfw, watermark, tags, faces, faceBoxes }
      const signalsAt = (row.signals_at as unknown as string[]).map((at) => Date.parse(at))
      const embedding = new Uint16Array(new Uint8Array(row.embedding!).buffer)
      const fetchedAt = Number(row.fetched_at!)
      rows.pairs.push({
        ...place(row),
        ...facts,
        ...safety,
        signalsAt,
        fetchedAt,
        embedding,
      } as unknown as Pair)
    }
  for await (const group of outcomes.groups())
    for (const row of group as unknown as Cells[]) {
      const { outcome, detail, similarity, sha256, pdq } = row
      rows.outcomes.push({
        ...place(row),
        ...({ outcome, detail, similarity, sha256, pdq } as object),
        ...{ sourceOffset: number(row.source_offset!), sourceLength: number(row.source_length!) },
        ...{ imageOffset: number(row.image_offset!), imageLength: number(row.image_length!) },
      } as unknown as CandidateOutcome)
    }
  return rows
}

/** The web that the made crawl's pictures are on. */
async function startWeb() {
  let mode: WebMode = 'same'
  const server = createServer(async (request, response) => {
    const name = request.url?.split('/').at(-1) ?? ''
    if (name === 'robots.txt') return void response.writeHead(404).end()
    if (name === 'tdmrep.json' && mode === 'reserved')
      return void response.end('[{"location":"/","tdm-reservation":1}]')
    if (mode === 'dead' || !/^(?:noto|circle-flags).*\.(?:jpg|png)$/.test(name))
      return void response.writeHead(404).end()
    const bytes = readFileSync(new URL(name, FILES))
    const body =
      mode === 'reencoded'
        ? await sharp(bytes).flatten({ background: '#fff' }).jpeg({ quality: 70 }).toBuffer()
        : mode === 'changed'
          ? await sharp({ create: { width: 300, height: 300, channels: 3, background: '#357' } })
              .jpeg()
              .toBuffer()
          : mode === 'marked'
            ? await sharp(bytes)
                .withXmp(xmpPacket('<plus:DataMining>DMI-PROHIBITED</plus:DataMining>'))
                .toBuffer()
            : bytes
    if (mode === 'refused') response.setHeader('x-robots-tag', 'noai')
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    hosts: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`h${i}.example`, to])),
    set(wanted: WebMode) {
      mode = wanted
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function isAt(pair: Pair, outcome: CandidateOutcome): boolean {
  return pair.pageUrl === outcome.pageUrl && pair.imageOrdinal === outcome.imageOrdinal
}

/** The rows of a kept candidate in both tables, the nth of those on the web or in the archive. */
export function kept({ pairs, outcomes }: Rows, n: number, from: 'web' | 'archive' = 'web') {
  const isFrom = (one: CandidateOutcome) => (one.imageOffset === null) === (from === 'web')
  const outcome = outcomes.filter((one) => one.outcome === 'kept' && isFrom(one))[n]!
  return { outcome, pair: pairs.find((pair) => isAt(pair, outcome))! }
}
