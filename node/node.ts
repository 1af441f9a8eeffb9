// before all that makes objects
import './small-nursery.ts'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { ShoalError } from '../protocol/errors.ts'
import { CONSENT_SIGNALS } from '../protocol/rules/consent.ts'
import { signCampaign } from './campaigns/campaigns.ts'
import { chooseRules, findPreset } from './choose-rules.ts'
import { chooseSafety } from './choose-safety.ts'
import type { CrawlRequest, CrawlResult, Node, NodeOptions } from './components.ts'
import { startCrawl } from './crawl/crawl.ts'
import { type Home, openHome } from './home.ts'
import { startImages } from './images/images.ts'
import { type LocalSegment, listSegments, planSources } from './local-campaign.ts'
import { openLooker } from './look/look.ts'
import { manageExports } from './manage-exports.ts'
import { manageShards } from './manage-shards.ts'
import { openRecords } from './open-records.ts'
import { playWeb } from './play-web.ts'
import { produceShard } from './produce-shard.ts'
import { guardWeb, openGate } from './safety/safety.ts'
import { openScorer, type ScorerOptions } from './score/score.ts'
import { makeJob } from './segment-job.ts'
import { describeShard, readShard, saveFiles } from './shard/shard.ts'
import { VERSION } from './version.ts'
import { openWeb } from './web/web.ts'

/**
 * Open a node on its data directory, made where there is none. One process at a time. The parts that need
 * threads run only while there is a crawl.
 *
 * @throws ShoalError `data_unwritable`, `store_*`, `identity_*`
 */
export async function openNode(options: NodeOptions): Promise<Node> {
  const kept = await openHome(options.dataDir)
  return {
    crawl: (request) => explainDisk(options.dataDir, crawl(options, kept, request)),
    ...manageShards(kept, null, options.clock),
    ...manageExports(kept, null, options.clock),
    close: kept.close,
  }
}

/** The database's own errors say what happened to its files, not what to do. */
async function* explainDisk<T>(dataDir: string, results: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* results
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message: string }
    if (!String(code).startsWith('LEVEL_')) throw cause
    throw new ShoalError(
      'store_write',
      `the database in ${dataDir} failed (${message}): check the disk and its free space, then crawl the same files again to go on`,
      { cause },
    )
  }
}

async function* crawl(options: NodeOptions, kept: Home, request: CrawlRequest): AsyncGenerator<CrawlResult> {
  findPreset(request.preset)
  const { threads, contact, clock, loopback, log } = options
  const segments = await listSegments(request, options.offline)
  await using running = new AsyncDisposableStack()
  const start = <Part extends { close(): Promise<void> }>(part: Part): Part => {
    running.defer(() => part.close())
    return part
  }
  const scorer = start(await openScorer(options.model ?? undefined, scorerOptions(options, request)))
  const rules = chooseRules(request, scorer)
  const { safety, files: heads } = await chooseSafety(request, scorer.model)
  const looker = await openLooker(safety, heads, { scorer, threads })
  if (looker !== null) start(looker)
  const { web: played, ...limits } = loopback ? playWeb(loopback) : {}
  // what a played web answers holds for it alone
  const sites = loopback ? {} : { sites: kept.store.sites }
  const userAgent = `Shoal/${VERSION} (+${contact ?? `peer ${kept.signer.peerId}`})`
  const plan = { ...planSources(segments), rules, model: scorer.model, contact, safety }
  const { campaign, pipeline } = await signCampaign(kept, plan)
  const { removals } = start(await openRecords(kept, clock))
  const gate = start(await openGate(kept.blocklists, removals, campaign))
  const images = start(
    startImages({
      ...{ threads, userAgent, now: clock, web: guardWeb(start(openWeb(played)), gate) },
      ...{ ...limits, ...sites },
    }),
  )
  // archives are named by the owner of this machine, and may well lie on it
  const web = start(openWeb({ ...played, allow: { anywhere: true } }))
  const parts = {
    ...kept,
    scorer,
    looker,
    gate,
    images,
    crawl: start(startCrawl({ threads, web, userAgent })),
  }
  for (const [position, segment] of segments.entries()) {
    const { file } = segment
    const startedAt = performance.now()
    log.info({ file }, 'segment begins')
    const { manifest, counts } = await produceShard(
      parts,
      makeJob(
        segment,
        campaign,
        { rules, consent: [...CONSENT_SIGNALS] },
        { ...options, duplicatesWithin: 'campaign' },
      ),
      { ...{ campaign, pipeline }, segment: segment.index, software: `shoal/${VERSION}` },
      {
        ...{ threads, workDir: kept.workDir, signal: request.signal },
        onProgress: (stages) =>
          request.onProgress?.({ file, segment: position, segments: segments.length, stages }),
      },
    )
    const shard = await readBack(kept, CID.parse(manifest), segment, request.outDir)
    const seconds = (performance.now() - startedAt) / 1000
    log.info({ file, manifest, seconds, devices: scorer.devices() }, 'segment is done')
    yield { ...shard, file, manifest, counts, seconds }
  }
}

/** The shard as it lies in the blockstore, every byte checked, with plain copies of its files where wanted. */
async function readBack(kept: Home, cid: CID, { folder }: LocalSegment, outDir: string | null) {
  const shard = await readShard(kept, cid)
  const paths = outDir === null ? {} : await saveFiles(kept.blocks, shard.manifest, join(outDir, folder))
  const details = await describeShard(kept, shard)
  const { campaign, candidates, pairs, outcomes, files, samples, verified } = details
  for (const [name, file] of Object.entries(files)) file.path = paths[name] ?? null
  return { campaign, candidates, pairs, outcomes, files, samples, verified }
}

function scorerOptions(options: NodeOptions, { onProgress, files, signal }: CrawlRequest): ScorerOptions {
  return {
    cacheDir: join(options.dataDir, 'models'),
    threads: options.threads,
    device: options.device ?? undefined,
    onTrouble: ({ device, trouble: why }) => options.log.warn({ device, why }, 'a device is in trouble'),
    offline: options.offline,
    ...(signal ? { signal } : {}),
    onProgress: ({ bytes: done, total }) =>
      onProgress?.({
        ...{ file: options.model ?? 'shoal-mini', segment: 0, segments: files.length },
        stages: [{ stage: 'model', done, total, unit: 'bytes' }],
      }),
  }
}
