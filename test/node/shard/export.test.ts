import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ExportFormat } from '../../../node/components.ts'
import { exportShard, readShard } from '../../../node/shard/shard.ts'
import { cidOf } from '../../../protocol/codec.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { duckdb, makePair, type Published, publishSample, withDirectory } from './sample.ts'

const exporting = suite('exporting a shard')
const COUNT = 9_000
const PAIRS = COUNT / 2

function withShard(
  work: (shard: Published, dir: string) => Promise<void>,
  { count = COUNT, repo }: { count?: number; repo?: string } = {},
): Promise<void> {
  return withDirectory(async (dir) => {
    const shard = await publishSample(dir, count, repo)
    try {
      await work(shard, dir)
    } finally {
      await shard.store.close()
    }
  })
}

async function exportTo(shard: Published, dir: string, format: ExportFormat, rows = PAIRS): Promise<string> {
  const out = join(dir, `${format}.${format === 'jsonl' ? 'jsonl' : 'parquet'}`)
  const result = await exportShard(shard, shard.manifest, format, out)
  assert.equal(result, { format, path: out, rows, bytes: (await stat(out)).size })
  return out
}

exporting('as parquet gives pairs.parquet itself', () =>
  withShard(async (shard, dir) => {
    const out = await exportTo(shard, dir, 'parquet')
    assert.equal(await readFile(out), await readFile(join(dir, 'files', 'pairs.parquet')))
  }),
)

exporting('as jsonl gives every column', () =>
  withShard(async (shard, dir) => {
    const out = await exportTo(shard, dir, 'jsonl')
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
  }),
)

exporting('as laion5b gives its columns, and its hash', () =>
  withShard(async (shard, dir) => {
    const out = await exportTo(shard, dir, 'laion5b')
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
        punsafe: null,
      },
    )
    const ids = await duckdb(`
      select count(distinct SAMPLE_ID)::int as ids, count(distinct hash)::int as hashes, min(hash) < 0 as signed from '${out}'`)
    assert.equal(ids, [{ ids: PAIRS, hashes: PAIRS, signed: true }])
  }),
)

exporting('as datacomp fills the score of the model that was used, and no other', async () => {
  const scores = 'count(clip_b32_similarity_score)::int as b32, count(clip_l14_similarity_score)::int as l14'
  const cases = [
    { repo: 'shoal-mini', b32: 0, l14: 0 },
    { repo: 'Xenova/clip-vit-base-patch32@0f1e2d', b32: 30, l14: 0 },
    { repo: 'openai/clip-vit-large-patch14', b32: 0, l14: 30 },
    { repo: 'openai/clip-vit-large-patch14-336', b32: 0, l14: 0 },
  ]
  for (const { repo, b32, l14 } of cases) {
    await withShard(
      async (shard, dir) => {
        const out = await exportTo(shard, dir, 'datacomp', 30)
        assert.equal(await duckdb(`select ${scores}, count(face_bboxes)::int as faces from '${out}'`), [
          { b32, l14, faces: 0 },
        ])
        const [row] = await duckdb(
          `select original_width, sha256, similarity from '${out}' limit 1 offset 25`,
        )
        const { width, sha256, similarity } = makePair(50)
        assert.equal(row, { original_width: String(width), sha256, similarity })
        const [type] = await duckdb(
          `select column_type as t from (describe select face_bboxes from '${out}')`,
        )
        assert.is(type?.t, 'DOUBLE[][]')
      },
      { count: 60, repo },
    )
  }
})

exporting('as img2dataset gives its url and caption', () =>
  withShard(async (shard, dir) => {
    const out = await exportTo(shard, dir, 'img2dataset')
    const [row] = await duckdb(`select url, caption, sha256 from '${out}' limit 1 offset 4499`)
    const { url, text, sha256 } = makePair(8_998)
    assert.equal(row, { url, caption: text, sha256 })
  }),
)

exporting('leaves nothing behind when it fails', () =>
  withShard(async (shard, dir) => {
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'nothing thrown',
        (error: ShoalError) => error.code,
      )
    const before = await readdir(dir)
    const format = 'laion5b'
    assert.is(
      await codeOf(exportShard(shard, shard.manifest, 'csv' as ExportFormat, join(dir, 'x'))),
      'export_format',
    )
    assert.is(
      await codeOf(exportShard(shard, cidOf(new Uint8Array(1)), format, join(dir, 'x'))),
      'shard_unknown',
    )
    assert.is(
      await codeOf(exportShard(shard, shard.manifest, format, join(dir, 'none', 'x'))),
      'export_write',
    )
    const { manifest } = await readShard(shard, shard.manifest)
    for (const { cid } of manifest.files) await shard.blocks.delete(cid)
    assert.is(await codeOf(exportShard(shard, shard.manifest, format, join(dir, 'x'))), 'block_missing')
    assert.equal(await readdir(dir), before)
  }),
)

exporting.run()
