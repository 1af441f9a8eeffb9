import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makePage } from '../../../node/crawl/make-page.ts'
import { readHtml } from '../../../node/crawl/read-html.ts'
import { CONSENT_SIGNALS, type ConsentSignal, REQUIRED_CONSENT } from '../../../protocol/rules/consent.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { RULES } from './read-all.ts'

const test = suite('pages')
const ORIGIN = {
  ...{ url: 'http://site.example/dir/page.html', warcPath: 'archive' },
  ...{ warcOffset: 0, warcLength: 1, sourceOffset: 0, sourceLength: 1, date: null },
}
const page = (html: string, tags: string[] = [], rules = RULES) => {
  const headers = tags.map((tag): [string, string] => ['X-Robots-Tag', tag])
  return makePage(ORIGIN, readHtml(html), headers, rules, CONSENT_SIGNALS)
}
const first = (html: string, tags: string[] = [], rules = RULES) => page(html, tags, rules).candidates[0]

test('an image has an address and a text that is not empty', () => {
  const html = `<img src=a.jpg><img src=b.jpg alt=""><img alt="only text"><IMG SRC='c.jpg' ALT='see &amp; hear'>
    <noscript><img src=d.jpg alt="no script"></noscript><template><img src=e.jpg alt="a template"></template>
    <script>'<img src=f.jpg alt="a script">'</script><!-- <img src=g.jpg alt="a comment"> -->
    <textarea><img src=h.jpg alt="typed text"></textarea><img src=i.jpg alt=last alt=again`
  const { candidates } = page(html)
  assert.equal(
    candidates.map(({ ordinal, url, text }) => [ordinal, url, text]),
    [
      [3, 'http://site.example/dir/c.jpg', 'see & hear'],
      [4, 'http://site.example/dir/d.jpg', 'no script'],
      [5, 'http://site.example/dir/e.jpg', 'a template'],
    ],
  )
  assert.is(readHtml(html).imgs, 6)
})

test('the first attribute of a name and the first <base> count', () => {
  const html = '<base target=x><base href="/b/"><base href="/c/"><img src=1.jpg src=2.jpg alt="a picture">'
  assert.is(first(html)?.url, 'http://site.example/b/1.jpg')
})

test('the licence before an image', () => {
  const { candidates } =
    page(`<img src=1.jpg alt="before any"><a rel="nofollow License" href="/cc?a=1&amp;b=2">cc</a>
    <img src=2.jpg alt="after one"><a href="/x">x</a><link rel=license href="//cc.example/by"><img src=3.jpg alt="after two">`)
  assert.equal(
    candidates.map(({ license }) => license),
    [null, 'http://site.example/cc?a=1&b=2', 'http://cc.example/by'],
  )
})

test('rules, in their order', () => {
  const outcome = (img: string) => first(img)?.outcome
  assert.is(outcome('<img src="a.jpg" alt="fine text">'), null)
  assert.is(outcome('<img src="http://[" alt="fine text">'), 'url_invalid')
  assert.is(outcome('<img src="data:image/png;base64,AA" alt="x">'), 'url_scheme')
  assert.is(outcome(`<img src="${'a'.repeat(2100)}" alt="x">`), 'url_long')
  assert.is(outcome('<img src="a.svg" alt="x">'), 'url_extension')
  assert.is(outcome('<img src="a.jpg" alt=" x ">'), 'text_short')
  assert.is(outcome(`<img src="a.jpg" alt="${'long '.repeat(500)}">`), 'text_long')
  assert.is(outcome('<meta name=robots content=noai><img src="a.svg" alt="fine text">'), 'url_extension')
})

test('what is stored of refused candidates is short', () => {
  assert.ok(
    first(`<img src="data:image/png;base64,${'A'.repeat(100_000)}" alt="fine text">`)!.url.length <= 256,
  )
  assert.ok(first(`<img src="a.jpg" alt="${'long '.repeat(50_000)}">`)!.text.length <= 2_000)
})

test('opt-outs of the page', () => {
  const img = '<img src=a.jpg alt="fine text">'
  const refusing: [string, string[], string[]][] = [
    ['<meta name="ROBOTS" content="NoAI, max-snippet:5">', [], ['meta robots: noai']],
    ['<META CONTENT=noimageai NAME=robots>', [], ['meta robots: noimageai']],
    ['<meta name="gptbot" content="noindex">', [], ['meta gptbot: noindex']],
    ['', ['max-image-preview:large, noai'], ['x-robots-tag: noai']],
    [
      '<meta name=robots content=none>',
      ['otherbot: noai'],
      ['x-robots-tag: otherbot: noai', 'meta robots: none'],
    ],
  ]
  for (const [meta, tags, signals] of refusing) {
    const { candidates, signals: seen } = page(img + meta, tags)
    assert.is(candidates[0]?.outcome, 'optout_page', meta)
    assert.equal(seen, signals)
  }
  for (const meta of [
    '<meta name=robots content=index>',
    '<meta name=googlebot content=noindex>',
    '<meta property=robots content=noai>',
  ]) {
    assert.is(first(img + meta, ['otherbot: noai, noimageai'])?.outcome, null, meta)
  }
})

test('opt-outs of the page: TDMRep and AIPREF, and those that a campaign does not honour', () => {
  const img = '<img src=a.jpg alt="fine text">'
  const read = (
    meta: string,
    headers: [string, string][],
    honoured: readonly ConsentSignal[] = CONSENT_SIGNALS,
  ) => {
    const { candidates, signals } = makePage(ORIGIN, readHtml(img + meta), headers, RULES, honoured)
    return [candidates[0]!.outcome, ...signals]
  }
  const reserving =
    '<META NAME="TDM-Reservation" CONTENT="1"><meta name=tdm-policy content="https://a.example/p">'
  const reserved: [string, string] = ['TDM-Reservation', '1']
  const free: [string, string] = ['tdm-reservation', '0']
  assert.equal(read('', [reserved]), ['optout_page', 'tdm-reservation: 1'])
  assert.equal(read(reserving, [free]), [
    ...['optout_page', 'tdm-reservation: 0', 'meta tdm-reservation: 1'],
    'meta tdm-reservation policy: https://a.example/p',
  ])
  assert.equal(read('<meta name=tdm-reservation content=0>', [reserved]), [
    ...[null, 'tdm-reservation: 1', 'meta tdm-reservation: 0'],
  ])
  assert.equal(read('<meta name=tdm-reservation content=maybe>', []), [null])
  assert.equal(read('', [['Content-Usage', 'search=y, train-ai=n']]), [
    ...['optout_page', 'content-usage: search=y, train-ai=n'],
  ])
  const required = REQUIRED_CONSENT as ConsentSignal[]
  assert.equal(read('<meta name=robots content=noai>', [['Content-Usage', 'train-ai=n']], required), [
    ...[null, 'meta robots: noai', 'content-usage: train-ai=n'],
  ])
  assert.is(read(reserving, [], required)[0], 'optout_page')
  assert.is(read('', [['X-Robots-Tag', 'noai']], required)[0], 'optout_page')
})

test('awkward pages take no time', () => {
  const start = performance.now()
  const pieces = [
    '<b>',
    '</i>',
    '<b></i>',
    '<img ',
    '<a rel=license ',
    '<img src=a alt=bb>',
    '<!--',
    '<![CDATA[',
    '&amp;',
    '<img alt="',
  ]
  for (const piece of pieces) {
    const content = readHtml(piece.repeat(1_000_000 / piece.length))
    assert.ok(content.images.length <= 10_000)
  }
  page(`<base href="http://${'a/'.repeat(4_000)}">${'<img src=x.jpg alt="some text">'.repeat(20_000)}`)
  assert.ok(performance.now() - start < 30_000)
})

test('any markup is read', () => {
  const piece = fc.constantFrom(
    '<img ',
    'src=',
    'alt=',
    '"',
    "'",
    '>',
    '<',
    '/',
    '=',
    '&#',
    '&amp',
    'x',
    ' ',
    '<base href=',
    '<script>',
    '</',
    '<!--',
    '-->',
    'srcset=',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const made = page(pieces.join(''), [], PRESETS['datacomp-basic'])
      for (const candidate of made.candidates)
        assert.ok(candidate.url.isWellFormed() && candidate.text.isWellFormed())
    }),
  )
})

test.run()
