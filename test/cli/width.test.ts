import { Writable } from 'node:stream'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { COMMANDS, TOPICS } from '../../cli/declarations.ts'
import { findHelp, showHelp } from '../../cli/help.ts'
import { OPTIONS } from '../../cli/options.ts'
import { parse, UsageError } from '../../cli/parse.ts'
import { layOut } from '../../cli/table.ts'

const help = suite('help')

/** @param columns - of a terminal, undefined for a pipe */
function helpOn(about: string | null, columns?: number): string[] {
  const written: string[] = []
  const stream = new Writable({
    write(text, _encoding, done) {
      written.push(String(text))
      done()
    },
  })
  showHelp(about, Object.assign(stream, { columns }) as unknown as NodeJS.WriteStream)
  return written
    .join('')
    .replaceAll(/\x1b\[\d+m/g, '')
    .split('\n')
}

/** Lines to be copied stand whole, the others fit. */
const tooWide = (lines: readonly string[], width: number) =>
  lines.filter((line) => stringWidth(line) > width && (width === 80 || !line.startsWith('  $ ')))

help('of everything fits 80 columns, and a narrow terminal', () => {
  const groups = Object.keys(COMMANDS).flatMap((name) => (name.includes(' ') ? [name.split(' ')[0]!] : []))
  for (const about of [null, ...Object.keys(COMMANDS), ...Object.keys(TOPICS), ...groups]) {
    assert.ok(about === null || findHelp(about) !== null, String(about))
    for (const columns of [undefined, 200, 80, 60, 40])
      assert.equal(tooWide(helpOn(about, columns), Math.min(80, columns ?? 80)), [], `${about} at ${columns}`)
  }
})

help('names every command and every option, with an example at least', () => {
  const whole = helpOn(null)
  for (const [name, { options, examples }] of Object.entries(COMMANDS)) {
    assert.ok(
      whole.some((line) => line.startsWith(`  ${name} `)),
      name,
    )
    const lines = helpOn(name)
    for (const option of options)
      assert.ok(
        lines.some((line) => line.startsWith(`  --${option} `)),
        `${name} --${option}`,
      )
    assert.ok(examples.length > 0, name)
    for (const example of examples) assert.ok(lines.includes(`  $ shoal ${example}`), example)
  }
})

help('has examples that are understood', () => {
  for (const [name, { examples }] of Object.entries(COMMANDS))
    for (const example of examples) {
      // a shell would take these away
      const words = [...example.replace(/ >>? .*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)]
      const invocation = parse(words.map(([, double, single, plain]) => double ?? single ?? plain!))
      assert.is(invocation.show === 'command' ? invocation.name : '', name, example)
    }
})

help('is found by command, by first word and by topic', () => {
  for (const [words, command] of [
    [['help'], null],
    [['help', 'shard', 'show'], 'shard show'],
    [['help', 'model'], 'model'],
    [['model', '--help'], 'model'],
    [['help', 'campaigns'], 'campaigns'],
    [['help', 'crawl', 'x.warc'], 'crawl'],
    [['--help'], null],
  ] as const)
    assert.equal(parse(words), { show: 'help', command }, words.join(' '))
  assert.throws(() => parse(['help', 'shoot']), /no help on "shoot"/)
  assert.throws(() => parse(['nothing', '--help']), /no help on "nothing"/)
})

help.run()

const usage = suite('bad usage of every command')

usage('a mistyped option is named, with what was meant', () => {
  for (const [name, { options }] of Object.entries(COMMANDS))
    for (const option of options) {
      if (option.length < 5) continue
      const slip = `--${option.slice(0, 2)}${option[3]}${option[2]}${option.slice(4)}`
      if (Object.hasOwn(OPTIONS, slip.slice(2))) continue
      const thrown = throwBy(() => parse([...name.split(' '), slip]))
      assert.match(thrown.message, new RegExp(`unknown option ${slip}: did you mean --[\\w-]+\\?$`))
    }
})

usage('a mistyped command as well', () => {
  for (const name of Object.keys(COMMANDS)) {
    const [first = '', second] = name.split(' ')
    const slip = second === undefined ? `${first}x` : `${first} ${second}x`
    assert.match(throwBy(() => parse(slip.split(' '))).message, /: did you mean [\w ]+\?$/, slip)
  }
  assert.match(throwBy(() => parse(['xyzzy'])).message, /; one of /)
})

function throwBy(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    assert.instance(error, UsageError)
    return error as Error
  }
  throw new Error('nothing was thrown')
}

usage.run()

const tables = suite('tables of long and wide names')

tables('fit, whatever is in them, and nothing is lost', () => {
  const columns = [
    { title: 'name' },
    { title: 'n', align: 'right' as const },
    { title: 'from' },
    { title: '' },
  ]
  const cell = fc.string({ unit: fc.constantFrom('a', 'b', '猫', 'é', '👩‍🚀', ' '), maxLength: 90 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, fc.nat({ max: 999_999 }).map(String), cell, cell), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.constantFrom(40, 60, 80),
      (rows, width) => {
        const lines = layOut(columns, rows, width)
        for (const line of lines)
          assert.ok(stringWidth(line) <= width, `${stringWidth(line)} of ${width}: ${line}`)
        const letters = (text: string) => text.match(/[ab猫é]/g)?.length ?? 0
        const shown = lines.slice(1).join('')
        assert.is(letters(shown), letters(rows.flat().join('')))
      },
    ),
  )
})

tables.run()
