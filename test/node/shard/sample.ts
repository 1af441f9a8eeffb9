/// <reference lib="esnext.float16" />
import { hash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type Json } from '@duckdb/node-api'
import type { CandidateOutcome, Pair } from '../../../node/components.ts'
import { type Identity, loadIdentity, verifySignature } from '../../../node/identity.ts'
import { type CheckedShard, publishShard, startShardWriter } from '../../../node/shard/shard.ts'
import { type Blocks, openBlocks, openStore, type Store } from '../../../node/store/store.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { open } from '../../../protocol/envelope.ts'
import {
  DEFAULT_AUDIT,
  decodeCampaign,
  makeCampaign,
  pipelineId,
} from '../../../protocol/records/campaign.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

export const DIMENSIONS = 48
const TEXTS = [
  'a red fox in the snow',
  'Ein Fuchs – größer als “Schnee”',
  '雪の中の赤いキツネ',
  '🦊❄️ fox\twith tab',
  'quote \' and " and \\',
]

export function makePair(i: number): Pair {
  return {
    url: `https://img${i % 7}.example.com/ünï/${i}.jpg?q=a%20b`,
    text: `${TEXTS[i % TEXTS.length]} ${i}`,
    width: 200 + i,
    height: 100 + (i % 50),
    similarity: 0.25 + (i % 1000) / 3000,
    language: ['en', 'de', 'ja', null, 'en'][i % 5] as string | null,
    license: i % 11 === 0 ? 'https://creativecommons.org/licenses/by/4.0/' : null,
    pageUrl: `https://site.example.org/page/${Math.floor(i / 20)}`,
    warcPath: 'crawl-data/CC-MAIN-2024-10/segments/1/warc/00000.warc.gz',
    // beyond 32 bits: WARCs are, and so are whole-file offsets
    warcOffset: 5_000_000_000 + Math.floor(i / 20) * 31_337,
    warcLength: 20_000 + (i % 977),
    imageOrdinal: i % 20,
    sha256: hash('sha256', `image ${i}`),
    md5: hash('md5', `image ${i}`),
    pdq: i % 3 === 0 ? null : hash('sha256', `pdq ${i}`),
    fetchedAt: 1_700_000_000_000 + i,
    signals: i % 4 === 0 ? [] : [`meta robots: noindex ${i}`, 'x-robots-tag: 雪'].slice(0, i % 4),
    signalsAt: i % 4 === 0 ? [] : [1_700_000_000_000, 1_700_000_000_001].slice(0, i % 4),
    ...{ nsfw: i % 5 === 0 ? null : (i % 100) / 100, watermark: null },
    ...{ tags: i % 6 === 0 ? ['minor'] : [], faces: i % 2 === 0 ? null : i % 3 },
    faceBoxes: i % 2 === 0 ? null : '[[0.25,0.5,0.1,0.1,0.9]]',
    embedding: embed(i),
  }
}

/** A view into a larger buffer, as slices of a batch are. */
function embed(i: number): Uint16Array {
  const values = Float16Array.from({ length: DIMENSIONS + 2 }, (_, j) => Math.sin(i * 31 + j) / 7)
  return new Uint16Array(values.buffer, 2, DIMENSIONS)
}

export function makeOutcome(i: number): CandidateOutcome {
  const { url, pageUrl, warcPath, warcOffset, warcLength, imageOrdinal, similarity, sha256, pdq } =
    makePair(i)
  const kept = i % 2 === 0
  const isArchived = i % 9 === 0
  return {
    url,
    pageUrl,
    warcPath,
    warcOffset,
    warcLength,
    imageOrdinal,
    outcome: kept ? 'kept' : 'http_status',
    detail: kept ? null : '503',
    similarity: kept ? similarity : null,
    sha256: kept ? sha256 : null,
    pdq: kept ? pdq : null,
    sourceOffset: warcOffset,
    sourceLength: warcLength,
    imageOffset: isArchived ? 6_000_000_000 + i : null,
    imageLength: isArchived ? 7 + i : null,
  }
}

export const range = (count: number) => Array.from({ length: count }, (_, i) => i)

export async function withDirectory(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-shard-'))
  try {
    await work(dir)
  } finally {
    await rm(dir, { recursive: true })
  }
}

export interface Published {
  store: Store
  blocks: Blocks
  signer: Identity
  manifest: CheckedShard['cid']
  /** publishes it again, with what is changed */
  publish(changes?: Parameters<typeof publishShard>[2] | object): Promise<CheckedShard['cid']>
}

/**
 * A shard of `count` candidates, every other one a pair, with its campaign, in a node's directories below `dir`.
 *
 * @param pairOf - makes the pair of a candidate
 */
export async function publishSample(
  dir: string,
  count: number,
  repo = 'shoal-mini',
  pairOf: (i: number) => Pair = makePair,
): Promise<Published> {
  const store = await openStore(join(dir, 'store'))
  const blocks = await openBlocks(join(dir, 'blocks'))
  const signer = await loadIdentity(dir)
  const rules = PRESETS['laion-5b']
  if (!rules) throw new Error('no preset laion-5b')
  const sealed = await makeCampaign(
    {
      name: 'sample',
      contact: 'test@example.org',
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: 1, parts: 1 }],
      pipeline: {
        model: { repo, files: [{ path: 'model.onnx', sha256: hash('sha256', 'model'), bytes: 1 }] },
        rules,
        consent: ['robots.txt', 'X-Robots-Tag', 'TDMRep'],
        safety: { tags: null, heads: [] },
      },
      audit: DEFAULT_AUDIT,
      trust: { mode: 'open', operators: [] },
      custodians: [],
    },
    signer,
  )
  await store.campaigns.put(sealed.id.bytes, sealed.bytes)
  const campaign = decodeCampaign(await open(sealed.bytes, verifySignature))
  const outcomes = range(count).map(makeOutcome)
  const pairs = range(count)
    .filter((i) => i % 2 === 0)
    .map(pairOf)
  const writer = await startShardWriter(join(dir, 'files'))
  await writer.add({ pairs, outcomes })
  const files = await writer.finish()
  const publish: Published['publish'] = async (changes = {}) => {
    const published = await publishShard({ store, blocks, signer }, files, {
      campaign: sealed.id,
      segment: 0,
      pipeline: pipelineId(campaign.pipeline),
      counts: {
        records: 9,
        responses: 8,
        htmlPages: 7,
        badRecords: 0,
        imgs: count,
        candidates: count,
        pairs: pairs.length,
        kept: pairs.length,
        http_status: count - pairs.length,
      },
      deviceClass: 'cpu/fp32',
      software: 'shoal/test',
      previous: null,
      produced: { startedAt: 1, finishedAt: 2 },
      ...changes,
    })
    return published.manifest
  }
  return { store, blocks, signer, manifest: await publish(), publish }
}

/** Rows of a query, as DuckDB would print them in JSON. */
export async function duckdb(sql: string): Promise<Record<string, Json>[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
