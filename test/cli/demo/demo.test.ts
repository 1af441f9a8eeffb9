import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
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
  warc_offset: bigint
  warc_length: bigint
  image_ordinal: number
  url: string
  outcome: string
  similarity: number | null
}

/** Scores were rounded, and made from pictures that another resampler cropped. */
const SCORE_TOLERANCE = 5e-3

const demo = suite('demo')
let dir = ''
let ended: Ended
let expected: Expected

demo.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-demo-'))
  expected = JSON.parse(
    await readFile(new URL('../../../cli/demo/expected.json', import.meta.url), 'utf8'),
  ) as Expected
  ended = await runShoal(['demo', '--json', '--data', dir])
})

demo.after(() => rm(dir, { recursive: true, force: true }))

demo('ends in one JSON line that adds up', () => {
  assert.is(ended.status, 0, ended.stderr)
  const result = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '')
  assert.is(result.verified, true)
  assert.equal(result.outcomes, expected.outcomes)
  assert.is(result.pairs, expected.outcomes.kept)
  assert.is(
    result.candidates,
    expected.pages.reduce((sum, { candidates }) => sum + candidates.length, 0),
  )
  const { htmlPages, responses, badRecords, imgs } = result.counts
  const wanted = expected
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

demo('gives every candidate the outcome it was made for', async () => {
  const rows = await query<Row>(join(dir, 'demo/out/demo.warc.gz/outcomes.parquet'))
  const found = rows.map((row) => ({
    page: row.page_url,
    where: [Number(row.warc_offset), Number(row.warc_length), row.image_ordinal],
    url: row.url,
    outcome: row.outcome,
  }))
  const wanted = expected.pages.flatMap((page) =>
    page.candidates.map(({ ordinal, url, outcome }) => ({
      page: page.url,
      where: [page.warcOffset, page.warcLength, ordinal],
      url,
      outcome,
    })),
  )
  assert.is(found.length, wanted.length)
  // an address that is dropped for its length is not kept at that length
  const cut = (url: string, outcome: string) => (outcome === 'url_long' ? url.slice(0, 200) : url)
  const plain = (candidate: (typeof wanted)[number] | undefined) =>
    JSON.stringify(candidate && { ...candidate, url: cut(candidate.url, candidate.outcome) })
  const wrong = wanted.flatMap((candidate, i) =>
    plain(found[i]) === plain(candidate) ? [] : [{ wanted: candidate, found: found[i] }],
  )
  assert.equal(wrong, [])
})

demo('scores as the model did when the demo was made, and keeps the texts it was given', async () => {
  const rows = await query<{ url: string; text: string; similarity: number }>(
    join(dir, 'demo/out/demo.warc.gz/pairs.parquet'),
  )
  const kept = expected.pages.flatMap(({ candidates }) =>
    candidates.filter(({ outcome }) => outcome === 'kept'),
  )
  assert.equal(
    rows.map(({ url, text }) => ({ url, text })),
    kept.map(({ url, text }) => ({ url, text })),
  )
  for (const [i, { similarity }] of rows.entries())
    assert.ok(
      Math.abs(similarity - (kept[i]?.similarity ?? Number.NaN)) < SCORE_TOLERANCE,
      `${kept[i]?.url}: ${similarity}, not ${kept[i]?.similarity}`,
    )
})

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
