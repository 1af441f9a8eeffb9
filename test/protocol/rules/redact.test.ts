import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { redact } from '../../../protocol/rules/redact.ts'
import { readCases } from '../read-vectors.ts'

const vectors = suite('redact vectors')
for (const { comment, text, redacted } of readCases<{ text: string; redacted: string }>('redact'))
  vectors(comment, () => assert.is(redact(text), redacted))
vectors.run()

const test = suite('redact')
/** What such things are made of, so that some of them come about. */
const PIECES = [
  ...['0', '1', '2', '34', '4111', '1111', '0532', '21', '212', '5550', '12345678', '19491231002'],
  ...[' ', '-', '.', '/', '(', ')', '+', ',', ':', '@', '[', ']'],
  ...['a', 'Z', 'DE89', 'GB', 'ABNA', 'Tel', 'phone', 'example.org', 'at', 'é', '电话', '[id]', '[phone]'],
]
const texts = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ unit: 'grapheme' })), {
    maxLength: 40,
  })
  .map((pieces) => pieces.join(''))

test('changes nothing twice, and stays text', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const once = redact(text)
      assert.is(redact(once), once)
      assert.is(once.isWellFormed(), text.isWellFormed())
    }),
    { numRuns: 3_000 },
  )
})

test('leaves no address and no card, wherever they stand', () => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      assert.not.match(redact(`${before} kite@mail.example ${after}`), /kite@mail\.example/)
      assert.not.match(redact(`${before} x 4111111111111111 x ${after}`), /4111111111111111/)
    }),
  )
})

test('takes no longer for texts that are made to take long', () => {
  const started = performance.now()
  for (const piece of [
    '1 ',
    '1-',
    '+1',
    'a.',
    'a@',
    '@a.',
    'DE89 ',
    'Tel: 1',
    '(0',
    '01 23',
    '0',
    'é',
    '1(2',
    '4111 ',
    '+12345678',
    '(020)7946 0018',
  ])
    redact(piece.repeat(20_000 / piece.length))
  const ms = performance.now() - started
  assert.ok(ms < 15_000, `${Math.round(ms)} ms`)
})

test.run()
