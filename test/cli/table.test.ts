import fc from 'fast-check'
import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatBytes, formatCount, formatRate, formatSeconds } from '../../cli/numbers.ts'
import { layOut, shorten } from '../../cli/table.ts'

const tables = suite('tables and numbers')

tables('columns line up, the last one wraps', () => {
  const lines = layOut(
    [{ title: 'outcome' }, { title: 'n', align: 'right' }, { title: 'meaning' }],
    [
      ['kept', '1,000', 'kept: the pair is there'],
      ['similarity', '7', 'image and text'],
    ],
    36,
  )
  assert.equal(lines, [
    'outcome         n  meaning',
    'kept        1,000  kept: the pair is',
    '                   there',
    'similarity      7  image and text',
  ])
})

tables('wide characters take two columns', () => {
  const [first, second] = layOut(
    [{ title: '' }, { title: '' }],
    [
      ['猫', 'x'],
      ['abcd', 'x'],
    ],
  )
  assert.is(first, '猫    x')
  assert.is(second, 'abcd  x')
})

tables('shortened texts fit, whoever wrote them', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (text, width) => {
        const line = shorten(text, width)
        assert.ok(stringWidth(line) <= width, `${stringWidth(line)} columns`)
        assert.not.match(line, /[\p{Cc}\u202e\u2066]/u)
      },
    ),
  )
})

tables('shortening keeps what fits', () => {
  assert.is(shorten('a red bicycle', 13), 'a red bicycle')
  assert.is(shorten('a red bicycle', 7), 'a red…')
  assert.is(shorten('two\nlines\x1b[31m', 40), 'two lines [31m')
})

tables('numbers are short and have their units', () => {
  assert.equal([0, 999, 1000, 12_345, 999_600, 1.5e9].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '12.3 kB',
    '1.0 MB',
    '1.5 GB',
  ])
  assert.equal([0.04, 9.96, 99, 100, 3600 * 5, 86400 * 3].map(formatSeconds), [
    '0.0 s',
    '10 s',
    '99 s',
    '2 min',
    '5 h 0 min',
    '3 days',
  ])
  assert.equal([0.55, 12.4, 12_345, 230_000].map(formatRate), ['0.6', '12', '12,345', '230k'])
  assert.is(formatCount(1_234_567), '1,234,567')
})

tables.run()
