import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readTags } from '../../../node/look/look.ts'
import { EMBEDDED, openScorer } from '../../../node/score/score.ts'
import { TAGS_VERSION, type TagRules } from '../../../protocol/rules/tags.ts'
import { codeOf, crawl, withNode } from '../with-node.ts'
import { readTable, writePhotoCrawl } from './shared-heads.ts'

const quarantine = suite('what no dataset has')
let dir = ''
let model: Awaited<ReturnType<typeof openScorer>>['model']

quarantine.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-quarantine-'))
  const scorer = await openScorer(EMBEDDED, { cacheDir: dir, threads: 1 })
  await scorer.close()
  model = scorer.model
})
quarantine.after(() => rm(dir, { recursive: true, force: true }))

const FILES = fileURLToPath(new URL('../../../cli/demo/files/', import.meta.url))
/**
 * Fixtures: shoal-mini can tell none of these things, and takes these drawings for them. A rocket is closest to the words
 * of an identity document, a snowflake to those of a medical picture, a panda to those of nudity.
 */
const ROCKET = 'noto-rocket.jpg'
const SNOWFLAKE = 'noto-snowflake.jpg'
const PANDA = 'noto-panda.jpg'
const OTHERS = ['noto-books.png', 'noto-cat-face.jpg', 'noto-bus.jpg']

async function writeThresholds(name: string, thresholds: Partial<TagRules['thresholds']>): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, JSON.stringify({ version: TAGS_VERSION, model, thresholds }))
  return path
}

quarantine('no row of it is kept, and its outcome tells neither address nor hash', async () => {
  const warc = join(dir, 'drawings.warc')
  const drawings = [ROCKET, SNOWFLAKE, PANDA, ...OTHERS]
  await writePhotoCrawl(
    warc,
    drawings.map((name) => FILES + name),
  )
  const tags = await writeThresholds('tags.json', {
    ...{ identity_document: 0.45, medical: 0.21, nudity: 0.29, minor: -2, watermark: 2 },
  })
  const outDir = join(dir, 'out')
  const exported = join(dir, 'pairs.jsonl')
  await withNode(dir, {}, async (node) => {
    const request = { preset: 'datacomp-basic', threshold: -1, outDir, tags }
    const [result] = await crawl(node, [warc], request)
    assert.equal(result!.outcomes, { withheld: 1, quarantined: 2, kept: OTHERS.length })
    await node.exportPairs({
      ...{ cids: [result!.manifest], format: 'jsonl', out: exported, isFile: true, filters: {} },
      ...{ rowsPerFile: null, signers: [] },
    })
  })
  const pairs = await readTable(join(outDir, 'drawings.warc', 'pairs.parquet'))
  assert.equal(
    pairs.map(({ text }) => `${text}`.replace('a picture called ', '')),
    OTHERS.map((name) => name.replace(/\.\w+$/, '')),
  )
  for (const row of pairs) {
    assert.equal(row.tags, ['minor'])
    assert.equal([row.nsfw, row.watermark, row.faces, row.face_boxes], [null, null, null, null])
  }
  const outcomes = await readTable(join(outDir, 'drawings.warc', 'outcomes.parquet'))
  assert.equal(
    outcomes.map(({ outcome }) => outcome),
    ['quarantined', 'quarantined', 'withheld', 'kept', 'kept', 'kept'],
  )
  for (const [i, row] of outcomes.slice(0, 3).entries()) {
    assert.equal([row.url, row.page_url, row.image_ordinal], ['', '', i])
    assert.equal([row.detail, row.similarity, row.sha256, row.pdq], [null, null, null, null])
  }
  const text = await readFile(exported, 'utf8')
  assert.is(text.trim().split('\n').length, OTHERS.length)
  assert.not.match(text, /rocket|snowflake|panda/)
})

quarantine('thresholds of another model, or none, are refused', async () => {
  const [file] = model.files
  const other = { ...model, files: [{ ...file!, sha256: '0'.repeat(64) }] }
  const cases: [string, string][] = [
    ['none', JSON.stringify({ version: TAGS_VERSION, model, thresholds: { minor: 0.1, gore: null } })],
    ['tags_model', JSON.stringify({ version: TAGS_VERSION, model: other, thresholds: {} })],
    ['tags_model', JSON.stringify({ version: TAGS_VERSION, model: { files: [] }, thresholds: {} })],
    ['tags_file', JSON.stringify({ version: 2, model, thresholds: {} })],
    ['tags_file', JSON.stringify({ version: TAGS_VERSION, model, thresholds: { cats: 0.1 } })],
    ['tags_file', JSON.stringify({ version: TAGS_VERSION, model, thresholds: { minor: 'high' } })],
    ['tags_file', 'no json'],
  ]
  const tags = join(dir, 'bad.json')
  for (const [code, text] of cases) {
    await writeFile(tags, text)
    assert.is(await codeOf(readTags(tags, model)), code, text)
  }
  assert.is(await codeOf(readTags(join(dir, 'nowhere.json'), model)), 'tags_file')
})

quarantine.run()
