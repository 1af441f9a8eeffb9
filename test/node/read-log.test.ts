import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openLog } from '../../node/log.ts'
import { readLog } from '../../node/read-log.ts'

const reading = suite<{ dir: string; file: string }>('reading a log')
reading.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-read-log-'))
  context.file = join(context.dir, 'shoal.log')
})
reading.after.each(({ dir }) => rm(dir, { recursive: true }))

const newest = (file: string, most: number) => Array.fromAsync(readLog(file, most))
const numbers = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`)

reading('the newest lines, oldest first, whatever the size of the file', async ({ file }) => {
  assert.equal(await newest(file, 5), [], 'there is none')
  await writeFile(file, '')
  assert.equal(await newest(file, 5), [])
  // more than one chunk is looked through
  const lines = numbers(20_000)
  await writeFile(file, `${lines.join('\n')}\n`)
  for (const most of [1, 2, 999, 15_000, 20_000, 30_000])
    assert.equal(await newest(file, most), lines.slice(-most), `${most}`)
})

reading('a line that is not ended counts, an empty one does not', async ({ file }) => {
  await writeFile(file, 'a\n\n\nb')
  assert.equal(await newest(file, 1), ['b'])
  assert.equal(await newest(file, 9), ['a', 'b'])
})

reading('of a line without end the beginning is given', async ({ file }) => {
  await writeFile(file, `short\n${'ä'.repeat(200_000)}\nlast\n`)
  const [first, long, last] = await newest(file, 9)
  assert.is(first, 'short')
  assert.ok(long!.length < 40_000 && long!.startsWith('ää'))
  assert.is(last, 'last')
})

reading('the old log makes up what the new one lacks', async ({ file }) => {
  await writeFile(`${file}.old`, 'a\nb\nc\n')
  await writeFile(file, 'd\ne\n')
  assert.equal(await newest(file, 2), ['d', 'e'])
  assert.equal(await newest(file, 4), ['b', 'c', 'd', 'e'])
  await rm(file)
  assert.equal(await newest(file, 2), ['b', 'c'])
})

reading('a log that is written is bounded, and what was written last is there', async ({ file }) => {
  const log = openLog('info', { file }, 10_000)
  for (let i = 0; i < 400; i++) log.info({ i }, 'written')
  const shown = (await newest(file, 50)).map((line) => JSON.parse(line).i)
  assert.equal(
    shown,
    Array.from({ length: 50 }, (_, i) => 350 + i),
  )
  const all = await newest(file, 1000)
  const bytes = all.join('\n').length
  assert.ok(bytes <= 20_000 && bytes > 10_000, `${bytes}`)
  assert.is(JSON.parse(all.at(-1)!).i, 399)
  // one more process, whose file has become the old one meanwhile
  const other = openLog('info', { file }, 10_000)
  for (let i = 0; i < 200; i++) (i % 2 ? log : other).info({ i }, 'both')
  assert.is(JSON.parse((await newest(file, 1))[0]!).i, 199)
  assert.ok((await newest(file, 10_000)).join('\n').length <= 21_000)
})

reading('follows what comes, over the beginning of a new file', async ({ file }) => {
  await writeFile(file, 'a\nb\n')
  const stop = new AbortController()
  const bound = setTimeout(() => stop.abort(), 120_000)
  const lines: string[] = []
  const steps: Record<string, () => Promise<void>> = {
    b: () => appendFile(file, 'c\nd'),
    c: () => appendFile(file, '2\n'),
    async d2() {
      await appendFile(file, 'e\n')
      await rename(file, `${file}.old`)
      await writeFile(file, 'f and more\n')
    },
    // cut to a shorter one
    'f and more': () => writeFile(file, 'g\n'),
    async g() {
      stop.abort()
    },
  }
  try {
    for await (const line of readLog(file, 1, stop.signal)) {
      lines.push(line)
      await steps[line]?.()
    }
  } finally {
    clearTimeout(bound)
  }
  assert.equal(lines, ['b', 'c', 'd2', 'e', 'f and more', 'g'])
})

reading.run()
