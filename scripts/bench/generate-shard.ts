/// <reference lib="esnext.float16" />
import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { signCampaign } from '../../node/campaigns/campaigns.ts'
import type { CandidateOutcome, Pair } from '../../node/components.ts'
import { type Home, openHome } from '../../node/home.ts'
import { verifySignature } from '../../node/identity.ts'
import { publishShard, startShardWriter } from '../../node/shard/shard.ts'
import { open } from '../../protocol/envelope.ts'
import { decodeCampaign, pipelineId } from '../../protocol/records/campaign.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'

const BATCH = 4_096
const WORDS = 'a red fox in the snow looks at its own shadow near old birches by night'.split(' ')

export interface GeneratedShard extends Home {
  manifest: CID
  /** where plain copies of its files lie */
  filesDir: string
}

/** A shard of so many pairs and nothing else, with texts as long as real ones, in a node's directory. */
export async function generateShard(dir: string, rows: number, dimensions: number): Promise<GeneratedShard> {
  const home = await openHome(dir)
  const filesDir = join(dir, 'files')
  const writer = await startShardWriter(filesDir)
  const noise = Float16Array.from({ length: 4 * dimensions + 997 }, (_, i) => Math.sin(i * i) / 20)
  for (let from = 0; from < rows; from += BATCH) {
    const pairs = Array.from({ length: Math.min(BATCH, rows - from) }, (_, i) =>
      makePair(from + i, noise, dimensions),
    )
    await writer.add({ pairs, outcomes: pairs.map(outcomeOf) })
  }
  // of one's own campaign nobody else has to be asked what is removed
  const { campaign, envelope } = await signCampaign(home, {
    ...{ name: 'generated', contact: 'bench@example.org', rules: PRESETS['laion-5b']! },
    sources: [{ kind: 'warc', base: 'http://archive.example/', parts: 1, entries: ['a.warc.gz'] }],
    model: { repo: 'none', files: [{ path: 'none.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
  })
  await home.store.campaigns.put(campaign.bytes, envelope)
  const published = await publishShard(home, await writer.finish(), {
    ...{
      ...{ campaign, segment: 0 },
      pipeline: pipelineId(decodeCampaign(await open(envelope, verifySignature)).pipeline),
      previous: null,
    },
    counts: {
      ...{ records: rows, responses: rows, htmlPages: rows, badRecords: 0, imgs: rows },
      ...{ candidates: rows, pairs: rows, kept: rows },
    },
    ...{ deviceClass: 'cpu/fp32', software: 'shoal/bench', produced: { startedAt: 1, finishedAt: 2 } },
  })
  return { ...home, manifest: published.manifest, filesDir }
}

function makePair(i: number, noise: Float16Array, dimensions: number): Pair {
  const words = Array.from(
    { length: 5 + (i % 12) },
    (_, j) => WORDS[(i * 7 + j * (1 + (i % 5))) % WORDS.length],
  )
  const digest = hash('sha256', `image ${i}`)
  return {
    url: `https://images${i % 997}.example.com/photos/${digest.slice(0, 24)}/${i}.jpg`,
    text: `${words.join(' ')} ${i}`,
    ...{ width: 200 + (i % 1800), height: 150 + (i % 1200), similarity: 0.26 + (i % 4_001) / 20_000 },
    language: ['en', 'de', null, 'fr'][i % 4]!,
    license: i % 50 === 0 ? 'https://creativecommons.org/licenses/by/4.0/' : null,
    pageUrl: `https://site${i % 4_999}.example.org/page/${Math.floor(i / 8)}`,
    warcPath: 'crawl-data/CC-MAIN-2024-10/segments/1/warc/00000.warc.gz',
    ...{ warcOffset: 5_000_000_000 + Math.floor(i / 8) * 31_337, warcLength: 20_000, imageOrdinal: i % 8 },
    ...{ sha256: digest, md5: digest.slice(32), pdq: digest, fetchedAt: 1_700_000_000_000 + i },
    signals: i % 20 === 0 ? ['meta robots: noindex'] : [],
    ...{ signalsAt: [], nsfw: null, watermark: null, tags: [], faces: null, faceBoxes: null },
    embedding: new Uint16Array(noise.buffer, 2 * (i % 997), dimensions),
  }
}

function outcomeOf(pair: Pair): CandidateOutcome {
  const { url, pageUrl, warcPath, warcOffset, warcLength, imageOrdinal, similarity, sha256, pdq } = pair
  return {
    ...{ url, pageUrl, warcPath, warcOffset, warcLength, imageOrdinal, similarity, sha256, pdq },
    ...{ outcome: 'kept', detail: null, sourceOffset: warcOffset, sourceLength: warcLength },
    ...{ imageOffset: null, imageLength: null },
  }
}
