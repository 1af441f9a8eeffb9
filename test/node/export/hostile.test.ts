import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { duckdb, makePair, type Published, publishSample } from '../shard/sample.ts'
import { exportThem } from './exporting.ts'

const hostile = suite('exporting hostile texts')
const TEXTS = [
  'a plain fox',
  'he said "fox", twice ""',
  '"',
  ',',
  'two\nlines',
  'two\r\nlines',
  'an old Mac\rline',
  ' white space at both ends\t',
  "=cmd|' /C calc'!A0",
  '+1-2',
  '-1',
  '@SUM(A1)',
  'a\0NUL and \0\0 more',
  'half a pair \ud83e, the other \udd8a, a whole 🦊',
  '\ufeffa mark of byte order',
  'next line \u0085, line separator \u2028, paragraph \u2029',
  'turned \u202e round',
  'NULL',
  'null',
  'NaN',
  '\\N',
  '\\"escaped\\"',
  '{"json": [1, "2"]}',
  '# a comment?',
  "it''s",
  '$$; drop table t; --',
  'ÅÅ ﬁ ẞ 雪',
  '​zero​width',
  'x'.repeat(900),
  '|;\t:',
]
let shard: Published
let dir: string
hostile.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  shard = await publishSample(dir, 2 * TEXTS.length, 'shoal-mini', (i) => {
    const text = TEXTS[i / 2]!
    return { ...makePair(i), text, signals: [text, ','], license: i % 3 === 0 ? text : null }
  })
})
hostile.after(async () => {
  await shard.store.close()
  await rm(dir, { recursive: true })
})

const TYPES = `'uid':'VARCHAR','url':'VARCHAR','text':'VARCHAR','width':'INTEGER','height':'INTEGER',
  'similarity':'DOUBLE','language':'VARCHAR','license':'VARCHAR','nsfw':'DOUBLE','watermark':'DOUBLE','hash':'VARCHAR',
  'page_url':'VARCHAR','warc_path':'VARCHAR','warc_offset':'BIGINT','warc_length':'BIGINT','image_ordinal':'INTEGER',
  'sha256':'VARCHAR','md5':'VARCHAR','pdq':'VARCHAR','fetched_at':'TIMESTAMPTZ'`
const SAFETY = `'signals_at':'VARCHAR','tags':'VARCHAR','faces':'INTEGER','face_boxes':'VARCHAR'`
const CSV = `auto_detect=false, header=true, delim=',', quote='"', escape='"', new_line='\\r\\n', parallel=false,
  max_line_size=1000000, columns={${TYPES},'signals':'VARCHAR',${SAFETY}}`
const COLUMNS =
  'uid, url, text, width, height, similarity, language, license, nsfw, watermark, hash, page_url, warc_path, warc_offset, warc_length, image_ordinal, sha256, md5, pdq, fetched_at, faces, face_boxes'

// an assertion of all rows at once would print megabytes
function sameRows(found: object[], wanted: object[]): void {
  assert.is(found.length, wanted.length)
  for (const [i, row] of wanted.entries()) assert.equal(found[i], row, `row ${i}`)
}

hostile('DuckDB reads the same from csv, jsonl and Parquet', async () => {
  const paths = { parquet: join(dir, 'a.parquet'), csv: join(dir, 'a.csv'), jsonl: join(dir, 'a.jsonl') }
  for (const format of ['parquet', 'csv', 'jsonl'] as const)
    await exportThem(shard, [shard.manifest], { format, out: paths[format], isFile: true })
  const parquet = await duckdb(`select ${COLUMNS}, signals::varchar[] as signals from '${paths.parquet}'`)
  assert.equal(
    parquet.map(({ text }) => text),
    // DuckDB's client itself takes a first U+FEFF away; the next test has it
    TEXTS.map((text) => text.toWellFormed().replace(/^\ufeff/, '')),
  )
  const jsonl = await duckdb(
    `select ${COLUMNS}, signals from read_json('${paths.jsonl}', format='newline_delimited', columns={${TYPES},'signals':'VARCHAR[]','faces':'INTEGER','face_boxes':'VARCHAR'})`,
  )
  sameRows(jsonl, parquet)
  const csv = await duckdb(
    `select ${COLUMNS}, from_json(signals, '["VARCHAR"]') as signals from read_csv('${paths.csv}', ${CSV})`,
  )
  // signals are JSON, which has an escape for it
  const without = parquet.map(({ signals, ...row }) => ({
    ...JSON.parse(JSON.stringify(row).replaceAll('\\u0000', '\ufffd')),
    signals,
  }))
  sameRows(csv, without)
  const [embeddings] = await duckdb(`
    select count(*)::int as n, bool_and(len(j.embedding) * 2 = octet_length(p.embedding)) as same
    from '${paths.parquet}' p join read_json('${paths.jsonl}') j using (uid)`)
  assert.equal(embeddings, { n: TEXTS.length, same: true })
})

hostile('csv is what RFC 4180 says, byte for byte', async () => {
  const out = join(dir, 'b.csv')
  await exportThem(shard, [shard.manifest], { format: 'csv', out, isFile: true })
  const text = await readFile(out, 'utf8')
  const texts = readRfc4180(text).map((fields) => fields[2])
  assert.equal(texts, ['text', ...TEXTS.map((one) => one.toWellFormed().replaceAll('\0', '\ufffd'))])
  assert.not.match(text, /\0/)
  assert.match(text, /^uid,url,text,.*signals,signals_at,tags,faces,face_boxes\r\n/)
})

/** The grammar of RFC 4180, section 2, one character after the other. */
function readRfc4180(text: string): string[][] {
  const records: string[][] = []
  let at = 0
  while (at < text.length) {
    const fields: string[] = []
    for (;;) {
      let field = ''
      if (text[at] === '"') {
        for (at++; ; at++) {
          if (text[at] !== '"') field += text[at]
          else if (text[at + 1] === '"') field += text[at++]
          else break
        }
        at++
      } else while (at < text.length && !/[,\r\n"]/.test(text[at]!)) field += text[at++]
      fields.push(field)
      if (text[at] !== ',') break
      at++
    }
    assert.is(text.slice(at, at + 2), '\r\n', `after ${JSON.stringify(fields)}`)
    at += 2
    records.push(fields)
  }
  return records
}

hostile.run()
