import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isBoundMetaName, readRobotsDirectives } from '../../../protocol/rules/robots-directives.ts'

const test = suite('robots directives')
const read = (...values: string[]) => readRobotsDirectives(values, 'x-robots-tag')

for (const word of ['noai', 'noimageai', 'noindex', 'noimageindex', 'none', 'NoAI', 'NOINDEX']) {
  test(`${word} refuses`, () => {
    assert.equal(read(word), { refused: true, signals: [`x-robots-tag: ${word.toLowerCase()}`] })
  })
}

for (const value of [
  '',
  'all',
  'index, follow',
  'nofollow',
  'noarchive',
  'noaiming',
  'max-snippet:5',
  ',,;',
  ':',
]) {
  test(`"${value}" says nothing`, () => assert.equal(read(value), { refused: false, signals: [] }))
}

const refusing = [
  'noai, max-snippet: 5',
  'max-snippet: 5, noai',
  'max-image-preview:large, noai',
  'max-image-preview: large, NoAI',
  'noai max-snippet: 5',
  'max-snippet: 5 noai',
  'noindex nofollow',
  'nofollow;noai',
  'unavailable_after: 25 Jun 2010 15:00:00 PST, noai',
  'unavailable_after: Friday, 25-Jun-2027 15:00:00 UTC, noai',
  'max-newthing: 3, noai',
  'GPTBot: noai',
  'shoal: noimageai',
  '*: noai',
  'otherbot: nofollow, GPTBot: noai',
]
for (const value of refusing) test(`"${value}" refuses`, () => assert.is(read(value).refused, true))

const others = [
  'otherbot: noai, noimageai',
  'somebot: noai',
  'googlebot: noindex',
  'googlebot: nofollow, noindex',
  'otherbot: max-snippet: 5, noai',
  'otherbot: max-image-preview: none',
  'max-image-preview: none',
  'max-image-preview:none, max-snippet:-1',
  'unavailable_after: none',
]
for (const value of others) test(`"${value}" does not bind us`, () => assert.is(read(value).refused, false))

test("another bot's directives are recorded", () => {
  assert.equal(read('OtherBot: noai, noimageai').signals, [
    'x-robots-tag: otherbot: noai',
    'x-robots-tag: otherbot: noimageai',
  ])
})

test('headers repeat, and a bot binds its own line alone', () => {
  assert.equal(read('otherbot: nofollow', 'noai'), { refused: true, signals: ['x-robots-tag: noai'] })
  assert.is(read('otherbot: noindex', 'all').refused, false)
})

test('names of meta elements that bind us', () => {
  for (const name of ['robots', 'ROBOTS', ' Robots ', 'gptbot', 'CCBot', 'shoal'])
    assert.ok(isBoundMetaName(name), name)
  for (const name of ['googlebot', 'bingbot', 'description', '', '*'])
    assert.not.ok(isBoundMetaName(name), name)
})

test('any text is read in linear time, without throwing, into bounded signals', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (values) => {
      assert.ok(read(...values).signals.length <= 16)
    }),
  )
  const start = performance.now()
  read('a'.repeat(200_000), ' '.repeat(200_000), 'noai:'.repeat(40_000), 'x: '.repeat(60_000))
  assert.ok(performance.now() - start < 2_000)
})

test.run()
