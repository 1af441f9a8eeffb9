import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseAddress, largestOf } from '../../../node/crawl/choose-address.ts'
import { resolverOf } from '../../../node/crawl/resolve-address.ts'
import { warcPathOf } from '../../../node/crawl/warc-path.ts'

const test = suite('addresses')

function byTheStandard(address: string, base: string): string | null {
  const url = address.trim() === '' ? null : URL.parse(address, base)
  if (url === null) return null
  url.hash = ''
  return url.href
}

test('resolving agrees with the WHATWG URL parser', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '.',
      '..',
      '?',
      '#',
      ':',
      '@',
      '%2e',
      '%20',
      ' ',
      '\\',
      'a',
      'B',
      'img.jpg',
      'é',
      "'",
      '^',
      '|',
      '[',
      '"',
    ],
    ...[
      'http:',
      'https://',
      'host.example',
      'Host.Example',
      '1.2',
      '0x7f',
      '127.1',
      'xn--a',
      'xn--',
      ':80',
      ':8080',
      '\t',
      '~',
      '{',
      '`',
    ],
  )
  const address = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(''))
  const base = fc.constantFrom(
    'http://a.example/x/y?z=/1',
    'https://u:p@b.example:81',
    'http://c.example/..%2f/d#e',
    'http://1.2.3.4/',
  )
  fc.assert(
    fc.property(
      fc.oneof(address, fc.webUrl({ withQueryParameters: true, withFragments: true })),
      base,
      (raw, page) => {
        assert.is(resolverOf(page, null)(raw), byTheStandard(raw, page), `${raw} on ${page}`)
      },
    ),
    { numRuns: 5_000 },
  )
})

test('<base>', () => {
  assert.is(resolverOf('http://a.example/b/', '../c/')('d.jpg'), 'http://a.example/c/d.jpg')
  assert.is(resolverOf('http://a.example/b/', 'https://cdn.example/x')('d.jpg'), 'https://cdn.example/d.jpg')
  assert.is(resolverOf('http://a.example/b/', 'javascript:1')('d.jpg'), 'http://a.example/b/d.jpg')
  assert.is(resolverOf('http://a.example/b/', 'http://[')('d.jpg'), 'http://a.example/b/d.jpg')
  assert.is(resolverOf('not a url', null)('d.jpg'), null)
  assert.is(resolverOf('not a url', null)('http://a.example/d.jpg'), 'http://a.example/d.jpg')
})

const CHOICES: [Record<string, string>, string | null][] = [
  [{ src: ' a.jpg ' }, 'a.jpg'],
  [{ src: 'a.jpg', 'data-src': 'b.jpg', srcset: 'c.jpg 2x' }, 'a.jpg'],
  [{ src: 'data:image/gif;base64,R0', 'data-src': 'b.jpg' }, 'b.jpg'],
  [{ src: '/img/placeholder.png', 'data-original': 'b.jpg' }, 'b.jpg'],
  [{ src: '/img/spacer.gif?v=1' }, '/img/spacer.gif?v=1'],
  [{ src: '/blank/cheque.jpg', 'data-src': 'b.jpg' }, '/blank/cheque.jpg'],
  [{ 'data-lazy-src': 'b.jpg', srcset: 'c.jpg 2x' }, 'b.jpg'],
  [{ src: '', srcset: 'c.jpg 1x, d.jpg 2x' }, 'd.jpg'],
  [{ src: 'data:,', 'data-srcset': 'c.jpg 300w, d.jpg 900w, e.jpg 600w' }, 'd.jpg'],
  [{ src: 'data:,' }, 'data:,'],
  [{}, null],
]
for (const [attributes, address] of CHOICES) {
  test(JSON.stringify(attributes), () =>
    assert.is(chooseAddress(new Map(Object.entries(attributes))), address),
  )
}

test('srcset', () => {
  assert.is(largestOf('a.jpg'), 'a.jpg')
  assert.is(largestOf('a.jpg, b.jpg 1.5x'), 'b.jpg')
  assert.is(largestOf('a.jpg 1x,b.jpg 2x,c.jpg 1x'), 'b.jpg')
  assert.is(largestOf('a,b.jpg 100w, c,d.jpg 200w'), 'c,d.jpg')
  assert.is(largestOf(' , '), null)
  assert.is(largestOf(''), null)
  fc.assert(fc.property(fc.string(), (text) => typeof largestOf(text) !== 'undefined'))
})

test('the WARC beside a WAT', () => {
  const file = 'CC-MAIN-1.warc.gz'
  assert.is(warcPathOf('crawl-data/x/wat/CC-MAIN-1.warc.wat.gz', file), 'crawl-data/x/warc/CC-MAIN-1.warc.gz')
  assert.is(warcPathOf('CC-MAIN-1.warc.wat.gz', file), file)
  assert.is(warcPathOf('x/wat/other.warc.wat.gz', file), file)
})

test.run()
