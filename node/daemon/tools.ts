import { join } from 'node:path'
import { encode, equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { toleranceOf } from '../../protocol/rules/device-class.ts'
import type { Crawl, DeviceUse, Gate, Images, Looker, Scorer, Web } from '../components.ts'
import { startCrawl } from '../crawl/crawl.ts'
import { startImages } from '../images/images.ts'
import { openLooker } from '../look/look.ts'
import { playWeb } from '../play-web.ts'
import { guardWeb, type OpenGate } from '../safety/safety.ts'
import {
  type ObtainOptions,
  obtainHeads,
  obtainModel,
  openScorer,
  precisionLike,
  tellPrecisions,
} from '../score/score.ts'
import type { Table } from '../store/store.ts'
import { VERSION } from '../version.ts'
import { whereToLook } from './obtain-model.ts'

export interface ToolOptions {
  dataDir: string
  threads: number
  offline: boolean
  /** by which the sites that are asked reach this node's owner, besides the campaign's; null or absent: not given */
  contact?: string | null | undefined
  /** a directory that holds a campaign's model, for those that can't be downloaded by name; or null */
  model: string | null
  /** host names that lead to servers on this machine, for a campaign that is played on it; other names lead nowhere */
  loopback: { hosts: Readonly<Record<string, string>> } | null
  /** which precision of a campaign's model to score with, if there are several: `fp32`, `quantized`; null: any */
  precision?: string | null | undefined
  /** what to score on: `auto`, or as ScorerOptions has it; null or absent: the CPU */
  device?: string | null | undefined
  /** told when a device can't do what it could */
  onTrouble?: ((use: DeviceUse) => void) | undefined
  clock: () => number
}

/** What a campaign's tools share with those of others, and whom they tell. */
export interface Surroundings {
  web: Web
  onBackOff: (host: string, untilMs: number, status: 429 | 503) => void
  /** where answers of sites about opt-outs are kept, those of a web that is played excepted */
  sites?: Table | undefined
  /** of the campaign; it is closed with the tools. Absent: nothing is kept from being asked for */
  gate?: OpenGate | undefined
  /** who may have the campaign's files */
  peers?: ObtainOptions['peers'] | undefined
}

/** What works on segments: threads, and the campaign's model. */
export interface Tools {
  crawl: Crawl
  images: Images
  scorer: Scorer
  gate: Gate | null
  /** null where the campaign has nothing looked for in pictures */
  looker: Looker | null
  /** What looks at embeddings of another scorer than this node's own: what tags lie near depends on its arithmetic. */
  lookerFor(scorer: Scorer): Promise<Looker | null>
  /**
   * What scores as a device of this class does, if this node's own says nothing of it and the campaign has the files.
   * They are got with the first audit that needs them. This node's own scorer where they can't be had.
   */
  scorerLike(deviceClass: string): Promise<Scorer>
  /** what its scorers compute on now */
  devices(): DeviceUse[]
  close(): Promise<void>
}

/** @throws ShoalError `campaign_model`, `campaign_head` where this node can't get the very files; `model_*`, `head_*` */
export async function openTools(
  campaign: Campaign,
  options: ToolOptions,
  { web, onBackOff, sites, gate, peers }: Surroundings,
): Promise<Tools> {
  const { threads, clock, loopback } = options
  await using opened = new AsyncDisposableStack()
  opened.defer(() => gate?.close())
  const scorer = await openAny(campaign.pipeline.model, options, peers)
  opened.defer(() => scorer.close())
  const others = new Map<string, Promise<Scorer>>()
  const open = [scorer]
  opened.defer(async () => {
    for (const other of await Promise.allSettled(others.values()))
      if (other.status === 'fulfilled') await other.value.close()
  })

  async function scorerLike(producerDevice: string): Promise<Scorer> {
    const { model } = campaign.pipeline
    const { tolerances } = campaign.audit
    const devices = { producerDevice, verifierDevice: scorer.deviceClass }
    if (toleranceOf({ tolerances, ...devices }) !== null) return scorer
    const precision = precisionLike(producerDevice, tellPrecisions(model))
    if (precision === null) return scorer
    // what a GPU computes was comparable already
    const other = others.get(precision) ?? openModel(model, { ...options, precision, device: null }, peers)
    others.set(precision, other)
    try {
      const one = await other
      if (!open.includes(one)) open.push(one)
      return one
    } catch {
      // they may come another time
      others.delete(precision)
      return scorer
    }
  }
  const { consent: honoured, safety } = campaign.pipeline
  const cacheDir = join(options.dataDir, 'models')
  const heads = await obtainHeads(safety.heads, { cacheDir, peers })
  const looker = await openLooker(safety, heads, { scorer, threads })
  const lookers = new Map([[scorer, Promise.resolve(looker)]])
  opened.defer(async () => {
    for (const one of await Promise.allSettled(lookers.values()))
      if (one.status === 'fulfilled') await one.value?.close()
  })
  function lookerFor(other: Scorer): Promise<Looker | null> {
    const found = lookers.get(other) ?? openLooker(safety, heads, { scorer: other, threads })
    lookers.set(other, found)
    return found
  }
  const contacts = [campaign.contact, options.contact].filter(
    (contact) => contact !== null && contact !== undefined,
  )
  const userAgent = `Shoal/${VERSION} (+${[...new Set(contacts)].join('; run by ') || 'no contact'})`
  const images = startImages({
    ...{ threads, userAgent, onBackOff, now: clock },
    web: gate ? guardWeb(web, gate) : web,
    ...{ honoured },
    ...(loopback ? { limits: playWeb(loopback).limits } : { sites }),
  })
  opened.defer(() => images.close())
  const crawl = startCrawl({ threads, web, userAgent, honoured })
  opened.defer(() => crawl.close())
  const kept = opened.move()
  return {
    ...{ crawl, images, scorer, scorerLike, looker, lookerFor, gate: gate ?? null },
    devices: () => open.flatMap((one) => one.devices()),
    close: () => kept.disposeAsync(),
  }
}

/** In the precision that was asked for, or else in the first in which this device does not stray. */
async function openAny(
  model: Campaign['pipeline']['model'],
  options: ToolOptions,
  peers: ObtainOptions['peers'],
): Promise<Scorer> {
  let reason: unknown
  // null: whichever is here
  for (const precision of options.precision ? [options.precision] : [null, ...tellPrecisions(model)])
    try {
      return await openModel(model, { ...options, precision }, peers)
    } catch (error) {
      reason ??= error
      if (!(error instanceof ShoalError) || error.code !== 'model_golden') break
    }
  throw reason
}

/** It has been got before any segment is taken, so that nobody is asked for it here unless it was lost meanwhile. */
async function openModel(
  model: Campaign['pipeline']['model'],
  options: ToolOptions,
  peers?: ObtainOptions['peers'],
): Promise<Scorer> {
  const places = whereToLook({ ...options, diskBytes: null })
  const { directory, precision, files } = await obtainModel(model, { ...places, peers })
  const scorer = await openScorer(directory, {
    ...{ ...places, precision, threads: options.threads, onTrouble: options.onTrouble },
    device: options.device ?? undefined,
  })
  if (equalBytes(encode(scorer.model.files), encode(files))) return scorer
  await scorer.close()
  throw new ShoalError(
    'campaign_model',
    `the campaign's model is ${model.repo}, and ${directory} has come to hold other files: start again`,
  )
}
