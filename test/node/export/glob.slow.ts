import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ExportFormat } from '../../../node/components.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { duckdb, makePair, type Published, publishSample, range } from '../shard/sample.ts'
import { exportThem } from './exporting.ts'

const globs = suite('exporting many shards')
const SHARDS = 100
const PAIRS = 30

let shard: Published
let manifests: CID[]
let dir: string
globs.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  shard = await publishSample(dir, 2 * PAIRS)
  manifests = [shard.manifest]
  for (const segment of range(SHARDS).slice(1)) manifests.push(await shard.publish({ segment }))
})
globs.after(async () => {
  await shard.store.close()
  await rm(dir, { recursive: true })
})

/** The tables of columns in the documentation, by format. */
function readDocumented(): Map<string, string[]> {
  const text = readFileSync(new URL('../../../docs/exports.md', import.meta.url), 'utf8')
  return new Map(
    text
      .split(/^### /m)
      .slice(1)
      .map((section) => [
        section.slice(0, section.indexOf('\n')),
        [...section.matchAll(/^\| `(\w+)` \| `([^`]+)` \|/gm)].map(([, name, type]) => `${name} ${type}`),
      ]),
  )
}

globs('DuckDB reads 100 of them by one glob, with the columns that are documented', async () => {
  const documented = readDocumented()
  assert.equal([...documented.keys()], ['parquet', 'laion5b', 'datacomp', 'img2dataset'])
  for (const [format, columns] of documented) {
    const out = join(dir, format)
    // a hundred of one format: the others' differ in nothing but their columns
    const some = format === 'laion5b' ? manifests : manifests.slice(0, 5)
    const result = await exportThem(shard, some, { format: format as ExportFormat, out })
    assert.is(result.files, some.length)
    const glob = `'${out}/*.parquet'`
    const described = await duckdb(
      `select column_name as n, column_type as t from (describe select * from ${glob})`,
    )
    assert.equal(
      described.map(({ n, t }) => `${n} ${t}`),
      columns,
      format,
    )
    const [counted] = await duckdb(`select count(*)::int as n from ${glob}`)
    assert.equal(counted, { n: some.length * PAIRS })
  }
})

globs('jsonl and csv are one file, in the order in which the shards were named', async () => {
  for (const format of ['jsonl', 'csv'] as const) {
    const out = join(dir, format)
    const named = [manifests[7]!, manifests[3]!, manifests[7]!]
    const result = await exportThem(shard, named, { format, out })
    assert.equal([result.files, result.rows], [1, 2 * PAIRS])
    assert.equal((await readdir(out)).sort(), ['README.md', `pairs.${format}`, 'shards.tsv'])
    const rows = await duckdb(`select text from '${out}/pairs.${format}'`)
    assert.equal(
      rows.map(({ text }) => text),
      [...range(PAIRS), ...range(PAIRS)].map((i) => makePair(2 * i).text),
    )
    const list = (await readFile(join(out, 'shards.tsv'), 'utf8')).trim().split('\n')
    assert.equal(
      list.map((line) => line.split('\t')[3]),
      ['manifest', manifests[7]!.toString(), manifests[3]!.toString()],
    )
  }
})

globs('--rows divides files in every format, and shards.tsv tells which rows are where', async () => {
  for (const [format, ending] of [
    ['laion5b', 'parquet'],
    ['csv', 'csv'],
  ] as const) {
    const out = join(dir, `${format}-divided`)
    const result = await exportThem(shard, manifests.slice(0, 2), { format, out, rowsPerFile: 13 })
    const counts = await Promise.all(
      range(result.files).map(async (i) => {
        const [row] = await duckdb(`select count(*)::int as n from '${out}/pairs-0000${i}.${ending}'`)
        return row?.n
      }),
    )
    const perShard = ending === 'parquet'
    assert.equal(counts, perShard ? [13, 13, 4, 13, 13, 4] : [13, 13, 13, 13, 8], format)
    const lines = (await readFile(join(out, 'shards.tsv'), 'utf8')).trim().split('\n').slice(1)
    const files = perShard
      ? [
          [0, 1, 2],
          [3, 4, 5],
        ]
      : [
          [0, 1, 2],
          [2, 3, 4],
        ]
    assert.equal(
      lines.map((line) => line.split('\t')[0]),
      files.map((numbers) => numbers.map((i) => `pairs-0000${i}.${ending}`).join(',')),
    )
  }
})

globs('shards of which no row is left make no file, but there is one whose columns can be read', async () => {
  const out = join(dir, 'nothing')
  const result = await exportThem(shard, manifests.slice(0, 5), {
    ...{ format: 'laion5b', out },
    filters: { minSimilarity: 1 },
  })
  assert.equal([result.files, result.rows, result.of], [0, 0, 5 * PAIRS])
  assert.equal((await readdir(out)).sort(), ['README.md', 'pairs-00000.parquet', 'shards.tsv'])
  const columns = await duckdb(`describe select * from '${out}/*.parquet'`)
  assert.is(columns.length, 12)
})

globs('one file takes several shards', async () => {
  const out = join(dir, 'one.parquet')
  const result = await exportThem(shard, manifests.slice(0, 3), { format: 'parquet', out, isFile: true })
  assert.equal([result.files, result.rows], [1, 3 * PAIRS])
  const [row] = await duckdb(`select count(*)::int as n, count(distinct embedding)::int as e from '${out}'`)
  assert.equal(row, { n: 3 * PAIRS, e: PAIRS })
  assert.ok(existsSync(`${out}.README.md`))
})

globs('an older export is replaced as a whole; anything else is left alone', async () => {
  const out = join(dir, 'again')
  await exportThem(shard, manifests.slice(0, 4), { format: 'parquet', out })
  await exportThem(shard, manifests.slice(0, 1), { format: 'csv', out })
  assert.equal((await readdir(out)).sort(), ['README.md', 'pairs.csv', 'shards.tsv'])

  const codeOf = (path: string, isFile = false) =>
    exportThem(shard, manifests, { format: 'csv', out: path, isFile }).then(
      () => 'nothing thrown',
      (error: ShoalError) => error.code,
    )
  await writeFile(join(out, 'thesis.tex'), 'years of work')
  assert.is(await codeOf(out), 'export_exists')
  assert.is(await readFile(join(out, 'thesis.tex'), 'utf8'), 'years of work')
  assert.is(await codeOf(join(out, 'thesis.tex')), 'export_exists')
  assert.is(await codeOf(out, true), 'export_exists')
  const foreign = join(dir, 'foreign')
  await mkdir(foreign)
  await writeFile(join(foreign, 'README.md'), '# another dataset')
  assert.is(await codeOf(foreign), 'export_exists')
  await rm(join(foreign, 'README.md'))
  assert.is(await codeOf(foreign), 'nothing thrown', 'an empty directory')
})

globs('the same export gives the same bytes; one that is stopped leaves nothing', async () => {
  const files = async (out: string) =>
    Promise.all((await readdir(out)).map((name) => readFile(join(out, name), 'latin1')))
  const [a, b] = [join(dir, 'a'), join(dir, 'b')]
  for (const out of [a, b])
    await exportThem(shard, manifests.slice(0, 3), {
      format: 'datacomp',
      out,
      filters: { languages: ['en'] },
    })
  assert.equal(await files(a), await files(b))
  const before = await readdir(dir)
  for (const format of ['parquet', 'laion5b'] as const) {
    const stop = new AbortController()
    const seen: number[] = []
    const code = await exportThem(shard, manifests, {
      ...{ format, out: join(dir, 'stopped'), signal: stop.signal },
      onProgress({ stages: [stage] }) {
        seen.push(stage!.done)
        assert.is(stage!.total, SHARDS * PAIRS)
        if (stage!.done > 3 * PAIRS) stop.abort()
      },
    }).then(
      () => 'nothing thrown',
      (error: ShoalError) => error.code,
    )
    assert.is(code, 'export_stopped')
    assert.equal(seen.slice(0, 3), [0, PAIRS, 2 * PAIRS])
    assert.equal(await readdir(dir), before)
  }
})

globs.run()
