import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ExportFormat } from '../../../node/components.ts'
import { TABLES } from '../../../node/export/formats.ts'
import { readShard } from '../../../node/shard/shard.ts'
import { cidOf } from '../../../protocol/codec.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { duckdb, makePair, type Published, publishSample, withDirectory } from '../shard/sample.ts'
import { exportThem } from './exporting.ts'

const exporting = suite('exporting a shard')
const COUNT = 9_000
const PAIRS = COUNT / 2

let shard: Published
let dir: string
exporting.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  shard = await publishSample(dir, COUNT)
})
exporting.after(async () => {
  await shard.store.close()
  await rm(dir, { recursive: true })
})

async function exportTo(format: ExportFormat): Promise<string> {
  const out = join(dir, `${format}.${format === 'jsonl' ? 'jsonl' : 'parquet'}`)
  const result = await exportThem(shard, [shard.manifest], { format, out, isFile: true })
  assert.equal(result, {
    ...{ format, path: out, card: `${out}.README.md`, files: 1 },
    ...{ rows: PAIRS, of: PAIRS, bytes: (await stat(out)).size },
  })
  return out
}

exporting('as parquet gives pairs.parquet itself', async () => {
  const out = await exportTo('parquet')
  assert.equal(await readFile(out), await readFile(join(dir, 'files', 'pairs.parquet')))
})

exporting('as jsonl gives every column', async () => {
  const out = await exportTo('jsonl')
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n')
  assert.is(lines.length, PAIRS)
  const row = JSON.parse(lines[2_100] as string)
  const pair = makePair(4_200)
  assert.is(row.text, pair.text)
  assert.is(row.warc_offset, pair.warcOffset)
  assert.is(row.fetched_at, new Date(pair.fetchedAt).toISOString())
  assert.equal(row.signals, pair.signals)
  assert.is(row.embedding.length, pair.embedding.length)
  const again = new Uint16Array(new Float16Array(row.embedding).buffer)
  assert.equal(again, pair.embedding.slice())
  assert.equal(await duckdb(`select count(distinct uid)::int as n, sum(width)::int as w from '${out}'`), [
    { n: PAIRS, w: Array.from({ length: PAIRS }, (_, i) => makePair(2 * i).width).reduce((a, b) => a + b) },
  ])
})

exporting('as laion5b gives its columns, and its hash', async () => {
  const out = await exportTo('laion5b')
  const columns = await duckdb(
    `select column_name as n, column_type as t from (describe select * from '${out}')`,
  )
  assert.equal(
    columns.map(({ n, t }) => `${n} ${t}`),
    [
      'SAMPLE_ID BIGINT',
      'URL VARCHAR',
      'TEXT VARCHAR',
      'HEIGHT INTEGER',
      'WIDTH INTEGER',
      'LICENSE VARCHAR',
      'LANGUAGE VARCHAR',
      'NSFW VARCHAR',
      'similarity DOUBLE',
      'hash BIGINT',
      'pwatermark DOUBLE',
      'punsafe DOUBLE',
    ],
  )
  const [first, second, ...rest] = await duckdb(`select * from '${out}'`)
  assert.is(rest.length, PAIRS - 2)
  const { url, text, width, height, similarity } = makePair(2)
  assert.is(first?.LICENSE, 'https://creativecommons.org/licenses/by/4.0/')
  assert.equal(
    { ...second, SAMPLE_ID: 0, hash: 0 },
    {
      SAMPLE_ID: 0,
      URL: url,
      TEXT: text,
      HEIGHT: height,
      WIDTH: width,
      LICENSE: '?',
      LANGUAGE: 'ja',
      NSFW: null,
      similarity,
      hash: 0,
      pwatermark: null,
      punsafe: 0.02,
    },
  )
  const ids = await duckdb(`
      select count(distinct SAMPLE_ID)::int as ids, count(distinct hash)::int as hashes, min(hash) < 0 as signed from '${out}'`)
  assert.equal(ids, [{ ids: PAIRS, hashes: PAIRS, signed: true }])
})

exporting('as datacomp gives its columns, and no score of a model that was not used', async () => {
  const out = await exportTo('datacomp')
  const [counted] = await duckdb(`
    select count(clip_b32_similarity_score)::int as b32, count(clip_l14_similarity_score)::int as l14,
      count(face_bboxes)::int as faces from '${out}'`)
  assert.equal(counted, { b32: 0, l14: 0, faces: 0 })
  const [row] = await duckdb(`select original_width, sha256 from '${out}' limit 1 offset 3000`)
  const { width, sha256 } = makePair(6_000)
  assert.equal(row, { original_width: String(width), sha256 })
  const [type] = await duckdb(`select column_type as t from (describe select face_bboxes from '${out}')`)
  assert.is(type?.t, 'DOUBLE[][]')
})

exporting("as datacomp fills the score of the campaign's model", () =>
  withDirectory(async (other) => {
    const clip = await publishSample(other, 60, 'Xenova/clip-vit-base-patch32@0f1e2d', (i) => makePair(i + 1))
    const out = join(other, 'out.parquet')
    await exportThem(clip, [clip.manifest], { format: 'datacomp', out, isFile: true })
    await clip.store.close()
    const [row] = await duckdb(`
      select bool_and(abs(clip_b32_similarity_score - 0.25) < 0.34) as b32, count(clip_l14_similarity_score)::int as l14 from '${out}'`)
    assert.equal(row, { b32: true, l14: 0 })
    const [faces] = await duckdb(
      `select count(face_bboxes)::int as n, first(face_bboxes)[1] as box from '${out}'`,
    )
    assert.equal(faces, { n: 30, box: [0.25, 0.5, 0.35, 0.6] })
    const scored = (model: string) =>
      TABLES.datacomp
        .columns(model)
        .filter(({ name, cell }) => name.startsWith('clip_') && cell({ similarity: 0.3 }) === 0.3)
        .map(({ name }) => name)
    assert.equal(scored('openai/clip-vit-large-patch14'), ['clip_l14_similarity_score'])
    assert.equal(scored('openai/clip-vit-large-patch14-336'), [])
  }),
)

exporting("has LAION's hash, MurmurHash3 as Python's mmh3 gives it", () => {
  const hash = TABLES.laion5b.columns(null).find(({ name }) => name === 'hash')
  // mmh3.hash64('foo')[0], from the README of mmh3
  assert.is(hash?.cell({ url: 'f', text: 'oo' }), -2129773440516405919n)
})

exporting('as img2dataset gives its url and caption', async () => {
  const out = await exportTo('img2dataset')
  const [row] = await duckdb(`select url, caption, sha256 from '${out}' limit 1 offset 4499`)
  const { url, text, sha256 } = makePair(8_998)
  assert.equal(row, { url, caption: text, sha256 })
})

exporting('leaves nothing behind when it fails', async () => {
  const codeOf = (format: string, out = join(dir, 'x'), cid = shard.manifest) =>
    exportThem(shard, [cid], { format: format as ExportFormat, out }).then(
      () => 'nothing thrown',
      (error: ShoalError) => error.code,
    )
  const before = await readdir(dir)
  assert.is(await codeOf('xml'), 'export_format')
  assert.is(await codeOf('laion5b', undefined, cidOf(new Uint8Array(1))), 'shard_unknown')
  assert.is(await codeOf('laion5b', join(dir, 'none', 'x')), 'export_write')
  const { manifest } = await readShard(shard, shard.manifest)
  for (const { cid } of manifest.files) await shard.blocks.delete(cid)
  for (const format of ['parquet', 'laion5b']) assert.is(await codeOf(format), 'block_missing')
  assert.equal(await readdir(dir), before)
})

exporting.run()
