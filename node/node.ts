import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { cidOf } from '../protocol/codec.ts'
import { ShoalError } from '../protocol/errors.ts'
import { CONSENT_SIGNALS, DEFAULT_AUDIT, makeCampaign, pipelineId } from '../protocol/records/campaign.ts'
import type { FilterRules } from '../protocol/rules/filter.ts'
import { PRESETS } from '../protocol/rules/presets.ts'
import type { CrawlRequest, CrawlResult, Node, NodeOptions, Scorer } from './components.ts'
import { startCrawl } from './crawl/crawl.ts'
import { loadIdentity } from './identity.ts'
import { startImages } from './images/images.ts'
import { type LocalSegment, listSegments } from './local-campaign.ts'
import { produceShard } from './produce-shard.ts'
import { type DownloadProgress, openScorer } from './score/score.ts'
import { describeShard, exportShard, listShards, readShard, saveFiles } from './shard/shard.ts'
import { openBlocks, openStore } from './store/store.ts'
import { VERSION } from './version.ts'

/**
 * Open a node on its data directory, made where there is none. The parts that need threads start with the
 * first crawl.
 *
 * @throws ShoalError `store_*`, `identity_*`
 */
export async function openNode(options: NodeOptions): Promise<Node> {
  const { dataDir, clock } = options
  await mkdir(dataDir, { recursive: true })
  const signer = await loadIdentity(dataDir)
  const store = await openStore(join(dataDir, 'db'))
  const blocks = await openBlocks(join(dataDir, 'blocks'))
  const shards = { store, blocks }
  const userAgent = `Shoal/${VERSION} (+${options.contact ?? `peer ${signer.peerId}`})`

  async function* crawl(request: CrawlRequest): AsyncGenerator<CrawlResult> {
    const { signal } = request
    const segments = await listSegments(request.files, request.kind)
    const scorer = await openScorer(options.model ?? undefined, scorerOptions(options, request))
    const reader = startCrawl({ threads: options.threads })
    const images = startImages({
      threads: options.threads,
      userAgent,
      ...(options.loopback
        ? { hosts: options.loopback.hosts, lookup: findNoHost, limits: LOOPBACK_LIMITS }
        : {}),
      now: clock,
    })
    try {
      const rules = chooseRules(request, scorer)
      const origin = await signCampaign(segments, rules, scorer)
      for (const [position, segment] of segments.entries()) {
        const startedAt = performance.now()
        const run = shortHash(`run\0${origin.campaign}\0${segment.source.name}`)
        const manifest = await produceShard(
          { store, blocks, signer, crawl: reader, images, scorer },
          {
            ...{ source: segment.source, sourceBytes: segment.bytes, fingerprint: segment.fingerprint },
            ...{ run, scope: shortHash(`scope\0${origin.campaign}`), rules, clock, offline: options.offline },
          },
          { ...origin, segment: position, software: `shoal/${VERSION}` },
          {
            threads: options.threads,
            workDir: join(dataDir, 'work'),
            signal,
            onProgress: (stages) =>
              request.onProgress?.({
                file: segment.file,
                segment: position,
                segments: segments.length,
                stages,
              }),
          },
        )
        const seconds = (performance.now() - startedAt) / 1000
        yield await readResult(manifest, segment, seconds, request.outDir)
      }
    } finally {
      await Promise.all([scorer.close(), reader.close(), images.close()])
    }
  }

  async function signCampaign(segments: LocalSegment[], rules: FilterRules, scorer: Scorer) {
    const sources = await Promise.all(
      groupByKind(segments).map(async ([kind, group]) => {
        const list = new TextEncoder().encode(group.map(({ source }) => `${source.name}\n`).join(''))
        const cid = cidOf(list, 'raw')
        await blocks.put(cid, list)
        return { kind, base: '', list: cid, count: group.length, parts: 1 }
      }),
    )
    const pipeline = { model: scorer.model, rules, consent: [...CONSENT_SIGNALS], safety: {} }
    const { id, bytes } = await makeCampaign(
      {
        name: `crawl of ${segments.length} file${segments.length === 1 ? '' : 's'}`,
        contact: options.contact,
        sources,
        pipeline,
        audit: DEFAULT_AUDIT,
        trust: { mode: 'open', operators: [] },
      },
      signer,
    )
    await store.campaigns.put(id.bytes, bytes)
    return { campaign: id, pipeline: pipelineId(pipeline) }
  }

  async function readResult(
    manifest: string,
    segment: LocalSegment,
    seconds: number,
    outDir: string | null,
  ): Promise<CrawlResult> {
    const shard = await readShard(shards, CID.parse(manifest))
    const paths =
      outDir === null ? {} : await saveFiles(blocks, shard.manifest, join(outDir, segment.source.name))
    const { campaign, counts, candidates, pairs, outcomes, files, samples, verified } = await describeShard(
      shards,
      shard,
    )
    for (const [name, file] of Object.entries(files)) file.path = paths[name] ?? null
    return {
      ...{ file: segment.file, campaign, manifest, counts: { ...counts, bytes: segment.bytes ?? 0 } },
      ...{ candidates, outcomes, pairs, files, samples, seconds, verified },
    }
  }

  return {
    crawl,
    async showShard(cid) {
      return describeShard(shards, await readShard(shards, parseCid(cid)))
    },
    listShards: () => listShards(shards),
    exportShard: (cid, format, out) => exportShard(shards, parseCid(cid), format, out),
    async close() {
      await store.close()
    },
  }
}

/** Bytes of an id that begins the keys of a run, or of a scope of duplicates. */
const KEY_PREFIX_BYTES = 16

function shortHash(text: string): Uint8Array {
  return createHash('sha256').update(text).digest().subarray(0, KEY_PREFIX_BYTES)
}

function parseCid(text: string): CID {
  try {
    return CID.parse(text)
  } catch (cause) {
    throw new ShoalError(
      'cid_invalid',
      `${text} is no CID: \`shoal shard list\` names the shards that are here`,
      { cause },
    )
  }
}

/** The campaign's sources have one kind each; segments are numbered source by source. */
function groupByKind(segments: LocalSegment[]): ['warc' | 'wat', LocalSegment[]][] {
  return (['warc', 'wat'] as const).flatMap((kind) => {
    const group = segments.filter(({ source }) => source.kind === kind)
    return group.length === 0 ? [] : [[kind, group] as ['warc' | 'wat', LocalSegment[]]]
  })
}

/**
 * The preset's rules with the thresholds that fit the model: those given by hand, else the model's own,
 * else the preset's where the model is the one they were published for.
 *
 * @throws ShoalError `preset_unknown`, `threshold_unknown`
 */
function chooseRules({ preset, threshold }: CrawlRequest, { thresholds, model }: Scorer): FilterRules {
  const rules = Object.hasOwn(PRESETS, preset) ? PRESETS[preset] : undefined
  if (rules === undefined) {
    throw new ShoalError('preset_unknown', `${preset} is no preset: take ${Object.keys(PRESETS).join(', ')}`)
  }
  if (threshold !== null) return { ...rules, similarity: { default: threshold, languages: {} } }
  if (thresholds === 'preset' || rules.similarity.default === -1) return rules
  if (thresholds === null) {
    throw new ShoalError(
      'threshold_unknown',
      `${preset} states its cosines for OpenAI's CLIP, and ${model.repo} brings none of its own: set --threshold, or add a shoal.json to the model`,
    )
  }
  return { ...rules, similarity: thresholds }
}

/** Milliseconds: a server on this machine that has not answered by then never will. */
const LOOPBACK_LIMITS = { headersMs: 2_500, totalMs: 5_000 }

/** Where this machine plays the web, no other name is asked for outside. */
async function findNoHost(host: string): Promise<never> {
  throw Object.assign(new Error(`${host} is not played here`), { code: 'ENOTFOUND' })
}

function scorerOptions(options: NodeOptions, { onProgress, files, signal }: CrawlRequest) {
  return {
    cacheDir: join(options.dataDir, 'models'),
    threads: options.threads,
    offline: options.offline,
    ...(signal ? { signal } : {}),
    onProgress: ({ bytes: done, total }: DownloadProgress) =>
      onProgress?.({
        ...{ file: options.model ?? 'shoal-mini', segment: 0, segments: files.length },
        stages: [{ stage: 'model', done, total, unit: 'bytes' }],
      }),
  }
}
