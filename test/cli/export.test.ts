import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Ended, runShoal } from './run-shoal.ts'

const exporting = suite<{ dir: string; manifest: string }>('shoal export')
const WARC = fileURLToPath(new URL('../../cli/demo/demo.warc.gz', import.meta.url))

exporting.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  const crawled = await runShoal(['crawl', WARC, '--offline', '--json', '--data', context.dir])
  context.manifest = lastLine(crawled).manifest
})
exporting.after(({ dir }) => rm(dir, { recursive: true, force: true }))

const lastLine = ({ stdout }: Ended) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!)

exporting('writes a directory with the card, filtered, and says what it did', async ({ dir, manifest }) => {
  const out = join(dir, 'pairs')
  const args = ['export', manifest, '--format', 'laion5b', '--out', out, '--data', dir]
  const all = await runShoal([...args, '--json'])
  assert.is(all.status, 0, all.stderr)
  const { rows, of, path, card, files } = lastLine(all)
  assert.equal([of, path, card, files], [rows, out, join(out, 'README.md'), 1])
  const some = await runShoal([...args, '--min-similarity', '0.4', '--language', 'EN'])
  assert.is(some.status, 0, some.stderr)
  assert.match(some.stdout, new RegExp(`rows of ${rows} in 1 file.*\n${out}\n${out}/README.md\n`))
  assert.equal((await readdir(out)).sort(), ['README.md', 'pairs-00000.parquet', 'shards.tsv'])
  assert.match(await readFile(card, 'utf8'), /similarity at least 0\.4; language en/)
})

exporting('refuses what can not be meant, and writes nothing', async ({ dir, manifest }) => {
  const before = await readdir(dir)
  const cases: [string[], number, RegExp][] = [
    [['--format', 'csv', '--out', join(dir, 'a.parquet')], 2, /\.parquet file, but csv is written as \.csv/],
    [['--format', 'csv', '--out', join(dir, 'a.csv'), '--rows', '5'], 2, /--rows divides/],
    [['--format', 'csv', '--language', 'english'], 1, /export_filter\): "english" is no code/],
    [['--format', 'csv', '--out', join(dir, 'db')], 1, /export_exists/],
  ]
  for (const [options, status, message] of cases) {
    const ended = await runShoal(['export', manifest, ...options, '--data', dir])
    assert.is(ended.status, status, ended.stderr)
    assert.match(ended.stderr, message)
  }
  assert.equal(
    (await readdir(dir)).filter((name) => !before.includes(name)),
    [],
  )
})

exporting.run()
