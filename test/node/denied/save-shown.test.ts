import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Hidden, hide, rowHider, saveShown } from '../../../node/denied/denied.ts'
import { describeShard, readExactly, readShard } from '../../../node/shard/shard.ts'
import { packSubjects, subjectHash } from '../../../protocol/rules/remove.ts'
import { duckdb, makePair, type Published, publishSample } from '../shard/sample.ts'

const saving = suite('plain copies without hidden rows')
const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
const ROWS = 20

let shard: Published
let dir: string
saving.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-denied-'))
  shard = await publishSample(dir, 2 * ROWS)
})
saving.after(async () => {
  await shard.store.close()
  await rm(dir, { recursive: true })
})

function hiding(url: string): Hidden {
  const of = { pair: [], origin: [], image: [], url: [new Uint8Array(subjectHash('url', url, sha256)!)] }
  return hide([packSubjects(of)])
}

saving('pairs lack them, outcomes are left out, and all else is as it was', async () => {
  const checked = await readShard(shard, shard.manifest)
  const [pairs, outcomes] = checked.manifest.files as [never, never]
  const hidden = hiding(makePair(8).url)
  const path = await saveShown(shard.blocks, pairs, hidden, join(dir, 'copies', 'pairs.parquet'))
  assert.is(await saveShown(shard.blocks, outcomes, hidden, join(dir, 'copies', 'outcomes.parquet')), null)
  assert.equal(await readdir(join(dir, 'copies')), ['pairs.parquet'])
  const whole = Buffer.concat(await Array.fromAsync(readExactly(shard.blocks, pairs)))
  const same = await saveShown(
    shard.blocks,
    pairs,
    hiding('http://other.example/'),
    join(dir, 'same.parquet'),
  )
  assert.ok(whole.equals(await readFile(same!)))
  const difference = await duckdb(
    `select url, sha256, fetched_at, embedding from '${same}' except select url, sha256, fetched_at, embedding from '${path}'`,
  )
  assert.equal(
    difference.map(({ url }) => url),
    [makePair(8).url],
  )
  const [{ rows }] = (await duckdb(`select count(*)::int as rows from '${path}'`)) as [{ rows: number }]
  assert.is(rows, ROWS - 1)
})

saving('a shard is shown by rows that are not hidden', async () => {
  const checked = await readShard(shard, shard.manifest)
  const { samples } = await describeShard(shard, checked)
  const [best] = samples
  const shown = await describeShard(shard, checked, rowHider(hiding(best!.url)))
  assert.is(shown.samples.length, samples.length)
  assert.not(shown.samples.some(({ url }) => url === best!.url))
})

saving.run()
