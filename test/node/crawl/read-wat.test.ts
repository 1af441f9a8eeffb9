import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readWat } from '../../../node/crawl/read-wat.ts'

const test = suite('WAT records')

interface Parts {
  links: object[]
  metas?: object[]
  base?: string
  headers?: Record<string, unknown>
  headLast?: boolean
}

function wat({ links, metas = [], base, headers = {}, headLast = false }: Parts): string {
  const head = { ...(base === undefined ? {} : { Base: base }), Metas: metas, Title: 'a title' }
  const html = headLast ? { Links: links, Head: head } : { Head: head, Links: links }
  return JSON.stringify({
    Container: { Filename: 'A.warc.gz', Offset: '7', 'Gzip-Metadata': { 'Deflate-Length': '9' } },
    Envelope: {
      'Payload-Metadata': { 'HTTP-Response-Metadata': { Headers: headers, 'HTML-Metadata': html } },
      'WARC-Header-Metadata': {
        ...{ 'WARC-Target-URI': 'http://a.example/"q"', 'WARC-Date': '2024-05-06T07:08:09Z' },
      },
    },
  })
}

function read(json: string) {
  const found = readWat(json)
  if (found.kind !== 'response' || found.page === null) throw new Error(`read as ${found.kind}`)
  return found.page
}

test('images, their ordinals, entities and place', () => {
  const page = read(
    wat({
      base: '/b&amp;c/',
      links: [
        { path: 'IMG@/src', url: 'no-alt.jpg' },
        { path: 'A@/href', url: 'x', text: 'IMG@/src' },
        { alt: 'a &amp; b', path: 'IMG@/src', url: 'x?a=1&amp;b=2' },
        { path: 'IMG@/src', url: 'y.jpg', alt: '' },
        { path: 'IMG@/src', url: 'z "q" {}.jpg', alt: 'quotes "} and {" \\"}' },
      ],
    }),
  )
  assert.equal(page.origin, {
    url: 'http://a.example/"q"',
    warcPath: 'A.warc.gz',
    warcOffset: 7,
    warcLength: 9,
    date: Date.UTC(2024, 4, 6, 7, 8, 9),
  })
  assert.is(page.content.base, '/b&c/')
  assert.is(page.content.imgs, 4)
  assert.equal(page.content.images, [
    { ordinal: 2 - 1, address: 'x?a=1&b=2', text: 'a & b', license: null },
    { ordinal: 3, address: 'z "q" {}.jpg', text: 'quotes "} and {" \\"}', license: null },
  ])
})

test("a page's own headers are not its archive's", () => {
  const links = [{ path: 'IMG@/src', url: 'a.jpg', alt: 'a text' }]
  const headers = { 'WARC-Target-URI': 'http://other.example/', 'X-WARC-Date': '1999-01-01T00:00:00Z' }
  const { origin } = read(wat({ links, headers }))
  assert.equal([origin.url, origin.date], ['http://a.example/"q"', Date.UTC(2024, 4, 6, 7, 8, 9)])
})

test('licence, and what opts out', () => {
  const page = read(
    wat({
      links: [
        { path: 'IMG@/src', url: 'a.jpg', alt: 'before' },
        { path: 'A@/href', url: '/cc', rel: 'nofollow LICENSE' },
        { path: 'IMG@/src', url: 'b.jpg', alt: 'after' },
      ],
      metas: [
        { name: 'Robots', content: 'noai' },
        { content: 'noindex', name: 'gptbot' },
        { name: 'googlebot', content: 'noai' },
        { name: 'TDM-Reservation', content: '1' },
      ],
      headers: {
        ...{ 'x-robots-TAG': ['noai', 'all'], 'X-Robots-Tag': 'none', Server: 'x' },
        ...{ 'TDM-Reservation': '0', 'Content-Usage': ['train-ai=n', 7] },
      },
    }),
  )
  assert.equal(
    page.content.images.map((image) => image.license),
    [null, '/cc'],
  )
  assert.equal(page.content.metas, [
    ['robots', 'noai'],
    ['gptbot', 'noindex'],
    ['tdm-reservation', '1'],
  ])
  assert.equal(page.headers, [
    ['x-robots-tag', 'noai'],
    ['x-robots-tag', 'all'],
    ['x-robots-tag', 'none'],
    ['tdm-reservation', '0'],
    ['content-usage', 'train-ai=n'],
  ])
})

test('what is cut out is what parsing all gives', () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(
        fc.constantFrom(
          '"',
          '\\',
          '{',
          '}',
          '},{"',
          ',',
          ':',
          'IMG@/src',
          '"IMG@/src"',
          'Head":{',
          'Links":[',
          'name":"',
          'Base":"',
          'é',
          '\u2028',
          '/',
        ),
      )
      .map((pieces) => pieces.join('')),
  )
  const link = fc.oneof(
    fc.record({ path: fc.constant('IMG@/src'), url: text, alt: text }),
    fc.record({ alt: text, path: fc.constant('IMG@/src'), url: text }),
    fc.record({ path: fc.constant('IMG@/src'), url: text, width: fc.nat() }),
    fc.record({ path: fc.constant('A@/href'), url: text, text, rel: fc.constantFrom('nofollow', 'x') }),
  )
  const meta = fc.oneof(
    fc.record({ name: fc.constantFrom('robots', 'GPTBot', 'TDM-Reservation', 'x'), content: text }),
    fc.record({ content: text, name: text }),
  )
  fc.assert(
    fc.property(
      fc.array(link),
      fc.array(meta),
      fc.option(text, { nil: undefined }),
      fc.boolean(),
      (links, metas, base, headLast) => {
        const parts = {
          links: [...links, { path: 'IMG@/src', url: 'u', alt: 'last' }],
          metas,
          headLast,
          ...(base === undefined ? {} : { base }),
        }
        // a header that only the full reading takes in, and that says nothing
        const slow = read(wat({ ...parts, headers: { 'X-Robots-Tag': 'all' } }))
        assert.equal(read(wat(parts)), { ...slow, headers: [] })
      },
    ),
    { numRuns: 1_000 },
  )
})

test('broken and foreign records', () => {
  const whole = wat({ links: [{ path: 'IMG@/src', url: 'a.jpg', alt: 'text' }] })
  assert.is(readWat('').kind, 'bad')
  assert.is(readWat(gzipSync('x').toString('latin1')).kind, 'bad')
  assert.is(readWat('{"Envelope":{}}').kind, 'other')
  assert.is(readWat(whole.replace('"Offset":"7"', '"Offset":"x"')).kind, 'bad')
  assert.is(readWat(whole.replace('http://a', 'dns:a')).kind, 'bad')
  for (let length = 0; length < whole.length; length += 7) readWat(whole.slice(0, length))
})

test.run()
