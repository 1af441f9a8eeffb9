import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHiding } from '../../../node/denied/denied.ts'
import { readExactly } from '../../../node/shard/shard.ts'
import { decodeManifest } from '../../../protocol/records/manifest.ts'
import { packSubjects, type SubjectKind, subjectHash } from '../../../protocol/rules/remove.ts'
import { makePair, type Published, publishSample } from '../shard/sample.ts'
import { exportThem } from './exporting.ts'

const hidden = suite('exporting where rows are hidden')
const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
const ROWS = 20

let shard: Published
let dir: string
hidden.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  shard = await publishSample(dir, 2 * ROWS)
})
hidden.after(async () => {
  await shard.store.close()
  await rm(dir, { recursive: true })
})

function hide(wanted: [SubjectKind, string][]) {
  const of = (kind: SubjectKind) =>
    wanted.flatMap(([one, name]) => (one === kind ? new Uint8Array(subjectHash(kind, name, sha256)!) : []))
  const subjects = packSubjects({
    pair: of('pair'),
    url: of('url'),
    origin: of('origin'),
    image: of('image'),
  })
  return openHiding(
    { inForce: async () => ({ subjects, root: null }), list: async () => [], onChange: () => () => {} },
    [],
  )
}

async function urlsIn(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).trim().split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line).url)
}

hidden('neither rows nor a copy of the file show them, and the card counts them', async () => {
  const hiding = hide([
    ['url', makePair(4).url],
    ['image', makePair(6).sha256],
  ])
  const jsonl = join(dir, 'jsonl')
  const { rows, of } = await exportThem(shard, [shard.manifest], { format: 'jsonl', out: jsonl, hiding })
  assert.equal([rows, of], [ROWS - 2, ROWS])
  const urls = await urlsIn(join(jsonl, 'pairs.jsonl'))
  for (const i of [4, 6]) assert.not(urls.includes(makePair(i).url))
  const list = (await readFile(join(jsonl, 'shards.tsv'), 'utf8')).split('\n')
  assert.is(list[1]!.split('\t')[list[0]!.split('\t').indexOf('removed')], '2')

  const out = join(dir, 'parquet')
  const whole = await exportThem(shard, [shard.manifest], { format: 'parquet', out, hiding })
  assert.is(whole.rows, ROWS - 2)
  const bytes = await readFile(join(out, 'pairs-00000.parquet'))
  assert.not(bytes.includes(makePair(6).sha256))
})

hidden('a shard without such rows is copied as it is', async () => {
  const out = join(dir, 'copied')
  const hiding = hide([['url', 'https://elsewhere.example/x.jpg']])
  await exportThem(shard, [shard.manifest], { format: 'parquet', out, hiding })
  const [block] = await Array.fromAsync(shard.blocks.get(shard.manifest))
  const file = decodeManifest(block!).files.find(({ name }) => name === 'pairs.parquet')!
  const own = Buffer.concat(await Array.fromAsync(readExactly(shard.blocks, file)))
  assert.ok(own.equals(await readFile(join(out, 'pairs-00000.parquet'))))
})

hidden('where all rows are, a file without rows is left', async () => {
  const hosts = new Set(Array.from({ length: 2 * ROWS }, (_, i) => new URL(makePair(i).url).hostname))
  const hiding = hide([...hosts].map((host) => ['origin', host]))
  const out = join(dir, 'nothing')
  const { rows, files } = await exportThem(shard, [shard.manifest], { format: 'parquet', out, hiding })
  assert.equal([rows, files], [0, 0])
  assert.ok((await readdir(out)).includes('pairs-00000.parquet'))
})

hidden.run()
