/**
 * Writes the golden pairs of a model into its `shoal.json`: what the plain fp32 files give on this machine's CPU.
 * Every scorer checks itself against them when it opens, so run it on a machine that you trust, once for each model.
 *
 *   node scripts/train-shoal-mini/write-golden.ts node/score/shoal-mini
 */
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeGolden } from '../../node/score/check-golden.ts'
import { openScorer } from '../../node/score/score.ts'
import { encodeFloats } from '../../node/score/shoal-file.ts'

const directory = process.argv[2]
if (directory === undefined) throw new Error('name the directory of the model')
const path = join(directory, 'shoal.json')
const { golden: _, ...shoal } = JSON.parse(await readFile(path, 'utf8'))
await writeFile(path, `${JSON.stringify(shoal, null, 2)}\n`)

const scorer = await openScorer(directory, { cacheDir: tmpdir() })
const golden = (await makeGolden(scorer, scorer.geometry)).map(({ text, similarity, embedding }) => ({
  text,
  similarity: Number(similarity.toFixed(6)),
  embedding: encodeFloats(embedding),
}))
await writeFile(path, `${JSON.stringify({ ...shoal, golden }, null, 2)}\n`)
await scorer.close()
