import { readdirSync, readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer } from '../../../cli/demo/sites.ts'
import { OUTCOMES, type Outcome } from '../../../protocol/outcomes.ts'

interface Expected {
  threshold: number
  htmlPages: number
  responses: number
  outcomes: Partial<Record<Outcome, number>>
  images: string[]
  pages: { url: string; warcOffset: number; warcLength: number; imgs: number; candidates: Candidate[] }[]
}

interface Candidate {
  ordinal: number
  url: string
  outcome: Outcome
  similarity?: number
}

const DEMO = new URL('../../../cli/demo/', import.meta.url)
const expected = JSON.parse(readFileSync(new URL('expected.json', DEMO), 'utf8')) as Expected
const all = expected.pages.flatMap(({ candidates }) => candidates)
/** Outcomes that other presets, other runs or other settings bring about. */
const NOT_SHOWN: Outcome[] = [
  ...(['text_words', 'language', 'duplicate_elsewhere', 'offline'] as const),
  ...(['image_side', 'image_aspect', 'withheld', 'quarantined'] as const),
  // sites of the demo answer 404 for the files that would say so
  'optout_site',
]

const expectations = suite('demo expectations')

expectations('cover every outcome that a demo can show, and count them right', () => {
  const counts: Record<string, number> = {}
  for (const { outcome } of all) counts[outcome] = (counts[outcome] ?? 0) + 1
  assert.equal(counts, { ...expected.outcomes })
  const missing = Object.keys(OUTCOMES).filter((outcome) => counts[outcome] === undefined)
  assert.equal(missing.sort(), [...NOT_SHOWN].sort())
})

expectations('give every page and every candidate once, in order', () => {
  assert.is(new Set(expected.pages.map(({ url }) => url)).size, expected.htmlPages)
  assert.is(expected.responses, expected.htmlPages + expected.images.length)
  let end = 0
  for (const page of expected.pages) {
    assert.ok(page.warcOffset >= end, page.url)
    end = page.warcOffset + page.warcLength
    let last = -1
    for (const { ordinal } of page.candidates) {
      assert.ok(ordinal > last && ordinal < page.imgs, `${page.url} ${ordinal}`)
      last = ordinal
    }
  }
})

expectations('keep clear of the threshold', () => {
  for (const { url, outcome, similarity } of all) {
    const scored = outcome === 'kept' || outcome === 'similarity'
    assert.is(similarity !== undefined, scored, url)
    if (similarity === undefined) continue
    assert.ok(
      outcome === 'kept' ? similarity >= expected.threshold + 0.05 : similarity <= expected.threshold - 0.05,
      url,
    )
  }
})

expectations('name the places of the pages in the WARC, and the WAT names the same', () => {
  const warc = readFileSync(new URL('demo.warc.gz', DEMO))
  const wat = gunzipSync(readFileSync(new URL('demo.warc.wat.gz', DEMO))).toString()
  for (const { url, warcOffset, warcLength } of expected.pages) {
    const record = gunzipSync(warc.subarray(warcOffset, warcOffset + warcLength)).toString('latin1')
    assert.match(record, /^WARC\/1\.0\r\nWARC-Type: response\r\n/)
    assert.ok(record.includes(`\r\nWARC-Target-URI: ${url}\r\n`), url)
    assert.ok(wat.includes(`"Offset":"${warcOffset}","Gzip-Metadata":{"Deflate-Length":"${warcLength}"`), url)
  }
})

expectations(
  'lie in pieces that are whole records, and servers that change their answers are asked from one of them',
  () => {
    const sites = JSON.parse(readFileSync(new URL('sites.json', DEMO), 'utf8')) as Record<
      string,
      Record<string, Answer>
    >
    const warc = readFileSync(new URL('demo.warc.gz', DEMO))
    const pieces = Object.values(sites['crawl.example'] ?? {}).map(({ archive }) => archive!)
    assert.is(pieces.length, 6)
    assert.equal(
      pieces.map(([start]) => start),
      [0, ...pieces.slice(0, -1).map(([, end]) => end)],
    )
    assert.is(pieces.at(-1)?.[1], warc.length)
    for (const [start, end] of pieces) {
      assert.match(warc.subarray(start, start + 4).toString('hex'), /^1f8b08/)
      const own = expected.pages.filter(({ warcOffset }) => warcOffset >= start && warcOffset < end)
      assert.ok(own.length > 0)
      for (const { url, warcOffset, warcLength } of own) assert.ok(warcOffset + warcLength <= end, url)
    }
    const changing = Object.entries(sites).filter(([, paths]) =>
      Object.values(paths).some(({ first }) => first),
    )
    assert.ok(changing.length > 0)
    for (const [host] of changing) {
      const places = expected.pages.filter(({ candidates }) =>
        candidates.some(({ url }) => URL.parse(url)?.host === host),
      )
      const found = pieces.filter(([start, end]) =>
        places.some(({ warcOffset }) => warcOffset >= start && warcOffset < end),
      )
      assert.is(found.length, 1, host)
    }
  },
)

expectations('come with files that are all served, and small', () => {
  const sites = readFileSync(new URL('sites.json', DEMO), 'utf8')
  let bytes = statSync(new URL('demo.warc.gz', DEMO)).size + statSync(new URL('demo.warc.wat.gz', DEMO)).size
  for (const name of readdirSync(new URL('files/', DEMO))) {
    assert.ok(sites.includes(`"file":"${name}"`), name)
    bytes += statSync(new URL(`files/${name}`, DEMO)).size
  }
  assert.ok(bytes < 3 * 1024 * 1024, `${bytes} bytes`)
})

expectations.run()
