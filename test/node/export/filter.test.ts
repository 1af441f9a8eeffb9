import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ExportFilters } from '../../../node/components.ts'
import { checkFilters, describeFilters, makeFilter } from '../../../node/export/filter.ts'
import type { ShoalError } from '../../../protocol/errors.ts'

const filtering = suite('filters of an export')
const ROWS = [
  {
    url: 'https://img.Example.org/a.jpg',
    similarity: 0.3,
    language: 'en',
    license: null,
    width: 100,
    height: 50,
  },
  {
    url: 'https://example.org./b.jpg',
    similarity: 0.25,
    language: 'de',
    license: 'https://CC.org/by-SA/4.0',
    width: 99,
    height: 51,
  },
  {
    url: 'https://notexample.org/c.jpg',
    similarity: 0.9,
    language: null,
    license: 'x',
    width: 640,
    height: 480,
  },
  {
    url: 'https://bücher.example/d.jpg',
    similarity: -0.1,
    language: 'eng',
    license: '',
    width: 1,
    height: 1,
  },
  { url: 'no address', similarity: Number.NaN, language: 'en', license: null, width: 7, height: 7 },
]

const FOUND = [
  { tags: [], nsfw: 0.1, faces: 0 },
  { tags: ['gore', 'minor'], nsfw: 0.5, faces: 2 },
  { tags: ['minor'], nsfw: null, faces: null },
].map((row) => ({ ...ROWS[0]!, ...row }))

function passing(filters: ExportFilters, rows = ROWS): number[] {
  const { passes } = makeFilter(checkFilters(filters))
  return rows.flatMap((row, i) => (passes(row) ? i : []))
}

filtering('take rows by similarity, from and up to', () => {
  assert.equal(passing({}), [0, 1, 2, 3, 4])
  assert.equal(passing({ minSimilarity: 0.25 }), [0, 1, 2])
  assert.equal(passing({ maxSimilarity: 0.25 }), [1, 3])
  assert.equal(passing({ minSimilarity: 0.25, maxSimilarity: 0.3 }), [0, 1])
})

filtering('take rows by what was found in pictures, and none of which nobody knows', () => {
  assert.equal(passing({ tagged: ['gore', 'nudity'] }, FOUND), [1])
  assert.equal(passing({ untagged: ['gore'] }, FOUND), [0, 2])
  assert.equal(passing({ tagged: ['minor'], untagged: ['gore'] }, FOUND), [2])
  assert.equal(passing({ maxNsfw: 0.5 }, FOUND), [0, 1])
  assert.equal(passing({ maxFaces: 0 }, FOUND), [0])
  assert.equal(describeFilters({ untagged: ['gore', 'minor'], maxNsfw: 0.2, maxFaces: 0 }), [
    ...['not tagged gore or minor', 'nsfw at most 0.2, and known', 'faces at most 0, and counted'],
  ])
  assert.throws(() => checkFilters({ tagged: ['cats'] }), /"cats" is no tag/)
})

filtering('take rows by language, size and licence', () => {
  assert.equal(passing({ languages: ['en'] }), [0, 4])
  assert.equal(passing({ languages: ['de', 'eng'] }), [1, 3])
  assert.equal(passing({ minWidth: 100 }), [0, 2])
  assert.equal(passing({ minWidth: 99, minHeight: 51 }), [1, 2])
  assert.equal(passing({ license: 'any' }), [1, 2, 3])
  assert.equal(passing({ license: ' BY-sa' }), [1])
})

filtering('take rows by host, with the hosts below it and not those that end alike', () => {
  assert.equal(passing({ domains: ['example.org'] }), [0, 1])
  assert.equal(passing({ domains: ['EXAMPLE.org.', 'bücher.example'] }), [0, 1, 3])
  assert.equal(passing({ domains: ['xn--bcher-kva.example'] }), [3])
  assert.equal(passing({ domains: ['img.example.org'] }), [0])
  assert.equal(passing({ domains: ['org'], languages: ['en'] }), [0])
})

filtering('that can mean nothing are refused', () => {
  const refused: ExportFilters[] = [
    { minSimilarity: 0.4, maxSimilarity: 0.3 },
    { minSimilarity: Number.NaN },
    { languages: ['english'] },
    { languages: [''] },
    { license: ' ' },
    ...['', 'https://example.org', 'example.org/path', 'a b', 'example.org:80', 'u@example.org'].map(
      (domain) => ({ domains: [domain] }),
    ),
  ]
  for (const filters of refused)
    try {
      checkFilters(filters)
      assert.unreachable(JSON.stringify(filters))
    } catch (error) {
      assert.is((error as ShoalError).code, 'export_filter', JSON.stringify(filters))
    }
})

filtering('name the columns they need, and themselves', () => {
  const filters = { minSimilarity: 0.2, maxSimilarity: 0.3, minWidth: 5, domains: ['a.org'] }
  assert.equal(makeFilter(filters).columns, ['similarity', 'width', 'url'])
  assert.equal(makeFilter({}).columns, [])
  assert.equal(describeFilters(filters), [
    'similarity at least 0.2',
    'similarity at most 0.3',
    'width at least 5 pixels',
    'images of a.org, subdomains included',
  ])
})

filtering.run()
