import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from '../../cli/parse.ts'
import { parseSize } from '../../cli/parse-size.ts'

const parsing = suite('command lines')

function command(line: string) {
  const parsed = parse(line.split(' ').filter(Boolean))
  if (parsed.show !== 'command') throw new Error(`it shows ${parsed.show}`)
  return {
    name: parsed.name,
    args: parsed.args,
    options: parsed.options as unknown as Record<string, unknown>,
  }
}

parsing('flags stand anywhere and take nothing of what follows', () => {
  for (const line of ['--json crawl a b', 'crawl --json a b', 'crawl a --json b', 'crawl a b --json']) {
    const { name, args, options } = command(line)
    assert.is(name, 'crawl')
    assert.equal(args, ['a', 'b'])
    assert.is(options.json, true)
  }
})

parsing('values are read as what they are', () => {
  const { options } = command(
    'crawl a --threshold=-0.5 --threads 3 --out 2024 --kind wat --preset laion-400m',
  )
  assert.is(options.threshold, -0.5)
  assert.is(options.threads, 3)
  assert.is(options.out, '2024', 'a directory may have a number for a name')
  assert.is(options.kind, 'wat')
  assert.is(options.preset, 'laion-400m')
  assert.is(options.offline, false)
  assert.is(options.model, undefined)
})

parsing('what follows -- is never an option', () => {
  assert.equal(command('crawl -- --json').args, ['--json'])
})

parsing('commands of two words', () => {
  assert.equal(command('shard show bafy').args, ['bafy'])
  assert.is(command('shard --json list').name, 'shard list')
})

parsing('help and version win over everything that is understood', () => {
  assert.equal(parse(['shard', 'show', '--help']), { show: 'help', command: 'shard show' })
  assert.equal(parse(['-h']), { show: 'help', command: null })
  assert.equal(parse(['crawl', '--version']), { show: 'version' })
})

parsing('sizes have the units of disks and networks', () => {
  const sizes: [string, number | null][] = [
    ['500', 500],
    ['2MB', 2_000_000],
    ['2 mb', 2_000_000],
    ['2M', 2_000_000],
    ['1.5GB', 1_500_000_000],
    ['512MiB', 512 * 1024 * 1024],
    ['1TiB', 2 ** 40],
    ['2MB/s', 2_000_000],
    ...['', 'MB', '-1', '1e3', '2Mb', '2Mbit', '1iB', '1,5GB', '1 0', `${'9'.repeat(15)}TB`, 'Infinity'].map(
      (text): [string, null] => [text, null],
    ),
  ]
  for (const [text, bytes] of sizes) assert.is(parseSize(text), bytes, text)
  const { options } = command('start --disk 50GB --bandwidth 2MB --segments 3')
  assert.equal([options.disk, options.bandwidth, options.segments], [5e10, 2e6, 3])
})

const REFUSED = [
  'crawl a --threads 0',
  'crawl a --threads 1.5',
  'crawl a --threads 0x',
  'crawl a --threshold 1.01',
  'crawl a --threshold NaN',
  'crawl a --threshold -0.1',
  'crawl a --kind html',
  'crawl a --json=yes',
  'crawl a --out=',
  'crawl a --format jsonl',
  'start --segments 0',
  'log --lines 0',
  'log --follow=yes',
  'shard list extra',
  'toString',
  'constructor a',
]
for (const line of REFUSED)
  parsing(`refused: ${line}`, () => {
    try {
      parse(line.split(' '))
    } catch (error) {
      assert.is((error as { code: string }).code, 'usage')
      assert.not.match((error as Error).message, /\n/)
      return
    }
    assert.unreachable('it was accepted')
  })

parsing('a typing error of any length and kind is quoted on one short line', () => {
  try {
    parse([`x\x1b[31m\n${'y'.repeat(10_000)}`])
    assert.unreachable()
  } catch (error) {
    const { message } = error as Error
    assert.not.match(message, /[\x00-\x1f]/)
    assert.ok(message.length < 600)
  }
})

parsing.run()
