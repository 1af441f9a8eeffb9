import { encode, equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { Crawl, Images, Scorer, Web } from '../components.ts'
import { startCrawl } from '../crawl/crawl.ts'
import { startImages } from '../images/images.ts'
import { playWeb } from '../play-web.ts'
import { obtainModel, openScorer } from '../score/score.ts'
import { VERSION } from '../version.ts'
import { whereToLook } from './obtain-model.ts'

export interface ToolOptions {
  dataDir: string
  threads: number
  offline: boolean
  /** a directory that holds a campaign's model, for those that can't be downloaded by name; or null */
  model: string | null
  /** host names that lead to servers on this machine, for a campaign that is played on it; other names lead nowhere */
  loopback: { hosts: Readonly<Record<string, string>> } | null
  clock: () => number
}

/** What a campaign's tools share with those of others, and whom they tell. */
export interface Surroundings {
  web: Web
  onBackOff: (host: string, untilMs: number, status: 429 | 503) => void
}

/** What works on segments: threads, and the campaign's model. */
export interface Tools {
  crawl: Crawl
  images: Images
  scorer: Scorer
  close(): Promise<void>
}

/** @throws ShoalError `campaign_model` where this node can't get the very files; `model_*` */
export async function openTools(
  campaign: Campaign,
  options: ToolOptions,
  { web, onBackOff }: Surroundings,
): Promise<Tools> {
  const { threads, clock, loopback } = options
  await using opened = new AsyncDisposableStack()
  const scorer = await openModel(campaign.pipeline.model, options)
  opened.defer(() => scorer.close())
  const userAgent = `Shoal/${VERSION} (+${campaign.contact ?? 'no contact'})`
  const images = startImages({
    ...{ threads, web, userAgent, onBackOff, now: clock },
    ...(loopback ? { limits: playWeb(loopback).limits } : {}),
  })
  opened.defer(() => images.close())
  const crawl = startCrawl({ threads, web, userAgent })
  opened.defer(() => crawl.close())
  const kept = opened.move()
  return { crawl, images, scorer, close: () => kept.disposeAsync() }
}

/** It has been got before any segment is taken, so that nobody is asked for it here unless it was lost meanwhile. */
async function openModel(model: Campaign['pipeline']['model'], options: ToolOptions): Promise<Scorer> {
  const places = whereToLook({ ...options, diskBytes: null })
  const { directory, precision, files } = await obtainModel(model, places)
  const scorer = await openScorer(directory, { ...places, precision, threads: options.threads })
  if (equalBytes(encode(scorer.model.files), encode(files))) return scorer
  await scorer.close()
  throw new ShoalError(
    'campaign_model',
    `the campaign's model is ${model.repo}, and ${directory} has come to hold other files: start again`,
  )
}
