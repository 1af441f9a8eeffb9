import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DemoResult } from '../../../cli/demo/show-summary.ts'
import type { Answer } from '../../../cli/demo/sites.ts'
import { type Ended, runShoal } from '../run-shoal.ts'

interface Expected {
  htmlPages: number
  responses: number
  badRecords: number
  imgs: number
  outcomes: Record<string, number>
  pages: {
    url: string
    warcOffset: number
    warcLength: number
    candidates: { ordinal: number; url: string; text: string; outcome: string; similarity?: number }[]
  }[]
}

interface Row {
  page_url: string
  warc_path: string
  warc_offset: bigint
  warc_length: bigint
  image_ordinal: number
  url: string
  outcome: string
  similarity: number | null
}

/** Scores were rounded, and made from pictures that another resampler cropped. */
const SCORE_TOLERANCE = 5e-3
/** Of what takes ten to twenty seconds where the machine has two cores to itself. */
const LIMIT_MS = 900_000
const HERE = new URL('../../../cli/demo/', import.meta.url)

const demo = suite('demo')
let dir = ''
let ended: Ended
let result: DemoResult
let wanted: ReturnType<typeof divide>

demo.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-demo-'))
  wanted = divide(await readJson('expected.json'), await readJson('sites.json'))
  ended = await runShoal(['demo', '--json', '--data', dir], {}, LIMIT_MS)
  assert.is(ended.status, 0, ended.stderr + ended.stdout)
  result = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '')
})

demo.after(() => rm(dir, { recursive: true, force: true }))

/**
 * What is expected of each of the pieces that the archive is served in. Duplicates are found within a piece alone:
 * of those that came earlier in another one each piece has a first occurrence.
 */
function divide(expected: Expected, sites: Record<string, Record<string, Answer>>) {
  const all = expected.pages.flatMap((page) => page.candidates.map((candidate) => ({ page, ...candidate })))
  const pieces = Object.entries(sites['crawl.example']!).map(([path, { archive }]) => {
    const [start, end] = archive!
    const seen = new Set<string>()
    const own = all.filter(({ page }) => page.warcOffset >= start && page.warcOffset < end)
    const candidates = own.map(({ page, ordinal, url, text, outcome, similarity }) => {
      const key = JSON.stringify([url, text])
      const first = all.find(
        (other) => other.url === url && other.text === text && other.outcome !== 'duplicate',
      )
      const its = outcome === 'duplicate' && !seen.has(key) ? first! : { outcome, similarity }
      seen.add(key)
      return {
        ...{ page: page.url, where: [page.warcOffset - start, page.warcLength, ordinal], url, text },
        ...{ outcome: its.outcome, similarity: its.similarity },
      }
    })
    return { file: `http://crawl.example${path}`, candidates }
  })
  const outcomes: Record<string, number> = {}
  for (const { outcome } of pieces.flatMap(({ candidates }) => candidates))
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  return { ...expected, pieces, outcomes, candidates: all.length }
}

demo('ends in one JSON line that adds up', () => {
  assert.is(ended.stdout.trimEnd().split('\n').length, 1)
  assert.is(ended.stderr, '')
  assert.is(result.verified, true)
  assert.equal(result.outcomes, wanted.outcomes)
  assert.is(result.pairs, wanted.outcomes.kept)
  assert.is(result.candidates, wanted.candidates)
  const { htmlPages, responses, badRecords, imgs } = result.counts
  assert.equal(
    { htmlPages, responses, badRecords, imgs },
    {
      htmlPages: wanted.htmlPages,
      responses: wanted.responses,
      badRecords: wanted.badRecords,
      imgs: wanted.imgs,
    },
  )
})

demo('has three nodes share out the segments, agree, and get the shards of the others', () => {
  const { nodes, shards } = result
  assert.is(nodes.length, 3)
  assert.is(new Set(nodes.map(({ peerId }) => peerId)).size, 3)
  assert.is(new Set(nodes.map(({ digest }) => digest)).size, 1)
  assert.match(nodes[0]!.digest, /^[0-9a-f]{32,}$/)
  const done = nodes.flatMap(({ segments }) => segments)
  assert.equal(
    done.sort((a, b) => a - b),
    wanted.pieces.map((_, i) => i),
  )
  for (const { peerId, segments, fetched } of nodes) {
    assert.is(fetched, shards.length - segments.length)
    assert.equal(
      shards.filter(({ peer }) => peer === peerId).map(({ segment }) => segment),
      segments,
    )
  }
  assert.ok(nodes.filter(({ segments }) => segments.length > 0).length > 1, 'one node did everything')
})

demo('has one of them cheat, and the others find out by its rows', () => {
  const { nodes, states, caught } = result
  const cheats = nodes.filter(({ cheat }) => cheat !== null)
  assert.equal(
    cheats.map(({ cheat }) => cheat),
    ['scores'],
  )
  const [{ peerId, segments }] = cheats as [DemoResult['nodes'][number]]
  assert.equal(segments, [])
  const forged = states.filter(({ producer }) => producer === peerId)
  assert.ok(forged.length > 0)
  assert.ok(forged.every(({ state }) => state === 'refused'))
  assert.equal(
    caught.map(({ manifest }) => manifest),
    forged.map(({ manifest }) => manifest),
  )
  for (const { verifier, repeatedBy, contradictions, example } of caught) {
    assert.is(new Set([peerId, verifier, repeatedBy]).size, 3)
    assert.is(contradictions, 0)
    assert.is(example.code, 'row_score')
    assert.ok(Number(example.said.similarity) > Number(example.found.similarity) + 0.1)
  }
})

demo('every segment has one shard that is not refused, verified by one of the others', () => {
  const good = result.states.filter(({ state }) => state !== 'refused')
  assert.equal(
    good.map(({ segment }) => segment),
    wanted.pieces.map((_, i) => i),
  )
  for (const { state, producer, manifest, verdicts } of good) {
    assert.is(state, 'verified')
    assert.ok(
      verdicts.some(({ verifier, ruling, counts }) => counts && ruling === 'good' && verifier !== producer),
    )
    assert.ok(result.shards.some((shard) => shard.manifest === manifest && shard.peer === producer))
  }
})

demo('gives every candidate the outcome it was made for, once', async () => {
  for (const [i, { file, candidates }] of wanted.pieces.entries()) {
    const rows = await query<Row>(join(dir, `demo/out/segment-${i}/outcomes.parquet`))
    const found = rows.map((row) => ({
      page: row.page_url,
      where: [Number(row.warc_offset), Number(row.warc_length), row.image_ordinal],
      url: row.url,
      outcome: row.outcome,
    }))
    for (const { warc_path } of rows) assert.is(warc_path, file)
    assert.is(found.length, candidates.length)
    // an address that is dropped for its length is not kept at that length
    const cut = (url: string, outcome: string) => (outcome === 'url_long' ? url.slice(0, 200) : url)
    const plain = ({ page, where, url, outcome }: (typeof found)[number]) =>
      JSON.stringify({ page, where, url: cut(url, outcome), outcome })
    const wrong = candidates.flatMap((candidate, i) =>
      plain(found[i]!) === plain(candidate) ? [] : [{ wanted: candidate, found: found[i] }],
    )
    assert.equal(wrong, [])
  }
})

demo('scores as the model did when the demo was made, and keeps the texts it was given', async () => {
  for (const [i, { candidates }] of wanted.pieces.entries()) {
    const rows = await query<{ url: string; text: string; similarity: number }>(
      join(dir, `demo/out/segment-${i}/pairs.parquet`),
    )
    const kept = candidates.filter(({ outcome }) => outcome === 'kept')
    assert.equal(
      rows.map(({ url, text }) => ({ url, text })),
      kept.map(({ url, text }) => ({ url, text })),
    )
    for (const [i, { similarity }] of rows.entries())
      assert.ok(
        Math.abs(similarity - (kept[i]?.similarity ?? Number.NaN)) < SCORE_TOLERANCE,
        `${kept[i]?.url}: ${similarity}, not ${kept[i]?.similarity}`,
      )
  }
})

demo('leaves shards behind that each node can show', async () => {
  const { manifest, peer } = result.shards.at(-1)!
  const shown = await Promise.all(
    [1, 2, 3].map((node) =>
      runShoal(['shard', 'show', manifest, '--json', '--data', join(dir, `demo/node-${node}`)]),
    ),
  )
  for (const { status, stdout, stderr } of shown) {
    assert.is(status, 0, stderr)
    assert.is(JSON.parse(stdout).peer, peer)
    assert.is(JSON.parse(stdout).verified, true)
  }
})

async function readJson<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(name, HERE), 'utf8'))
}

async function query<T>(file: string): Promise<T[]> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(`select * from read_parquet('${file}')`)
    return reader.getRowObjectsJS() as T[]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

demo.run()
