import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CheckedShard, readShard } from '../../../node/shard/shard.ts'
import { openTable } from '../../../node/shard/table.ts'
import { cidOf, decode, encode } from '../../../protocol/codec.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { type Manifest, makeManifest } from '../../../protocol/records/manifest.ts'
import { makeShard } from '../../../protocol/records/shard.ts'
import { makePair, type Published, publishSample, withDirectory } from './sample.ts'

const publish = suite('publishing a shard')
const read = suite('reading a shard')

type Shard = Published & { dir: string }

async function withShard(work: (shard: Shard) => Promise<void>, count = 600): Promise<void> {
  await withDirectory(async (dir) => {
    const shard = await publishSample(dir, count)
    try {
      await work({ ...shard, dir })
    } finally {
      await shard.store.close()
    }
  })
}

/** What the tests of reading share: those that spoil it mend it again. */
let shard: Shard
read.before(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-read-'))
  shard = { ...(await publishSample(dir, 600)), dir }
})
read.after(async () => {
  await shard.store.close()
  await rm(shard.dir, { recursive: true })
})

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing thrown',
    (error: ShoalError) => error.code ?? String(error),
  )

publish('gives the same CIDs for the same rows, elsewhere too', () =>
  withShard((one) =>
    withShard(async (other) => {
      const [here, there] = [await readShard(one, one.manifest), await readShard(other, other.manifest)]
      assert.equal(here.manifest.files.map(String), there.manifest.files.map(String))
      assert.equal(
        here.manifest.files.map(({ cid }) => cid.toString()),
        there.manifest.files.map(({ cid }) => cid.toString()),
      )
    }),
  ),
)

publish('keeps files of several blocks as a tree of raw leaves of 1 MiB', () =>
  withShard(async ({ blocks, dir, ...parts }) => {
    const { manifest } = await readShard({ blocks, ...parts }, parts.manifest)
    const pairs = manifest.files.find(({ name }) => name === 'pairs.parquet')
    assert.ok(pairs && pairs.bytes > 2 * 2 ** 20)
    assert.is(pairs.cid.code, 0x70)
    const sizes = new Map<number, number>()
    for await (const { bytes } of blocks.getAll()) {
      let size = 0
      for await (const part of bytes as AsyncIterable<Uint8Array>) size += part.length
      sizes.set(size, (sizes.get(size) ?? 0) + 1)
    }
    assert.is(sizes.get(2 ** 20), Math.floor(pairs.bytes / 2 ** 20))
    assert.equal(await readdir(join(dir, 'blocks', 'unfinished')), [])
  }, 24_000),
)

publish('chains the shards of one producer, and signs the same one once', () =>
  withShard(async (shard) => {
    const { store, publish } = shard
    const first = await readShard(shard, shard.manifest)
    assert.is(first.record.seq, 0)
    assert.is(first.record.previous, null)
    assert.equal(await publish(), shard.manifest)
    const later = await Promise.all([2, 3, 4].map((segment) => publish({ segment })))
    const records = await Promise.all(later.map((cid) => readShard(shard, cid)))
    const chain = [first, ...records].sort((a, b) => a.record.seq - b.record.seq)
    assert.equal(
      chain.map(({ record }) => record.seq),
      [0, 1, 2, 3],
    )
    for (const [i, { record }] of chain.entries()) {
      assert.is(record.previous?.toString(), i === 0 ? undefined : chain[i - 1]?.recordId.toString())
    }
    assert.is((await store.shards.keys().all()).length, 4)
  }),
)

publish('refuses counts that the files do not have', () =>
  withShard(async ({ publish, store }) => {
    const counts = {
      records: 0,
      responses: 0,
      htmlPages: 0,
      badRecords: 0,
      imgs: 9,
      candidates: 9,
      pairs: 9,
      kept: 9,
    }
    assert.is(await codeOf(publish({ counts })), 'manifest_field')
    assert.is((await store.shards.keys().all()).length, 1)
  }),
)

read('gives back every row', () =>
  withShard(async (shard) => {
    const { pairs, outcomes, campaign, manifest } = await readShard(shard, shard.manifest)
    assert.is(campaign?.name, 'sample')
    assert.is(manifest.counts.pairs, 5_000)
    let i = 0
    for await (const rows of pairs.groups([
      'url',
      'text',
      'signals',
      'warc_offset',
      'fetched_at',
      'embedding',
    ])) {
      for (const row of rows) {
        const pair = makePair(2 * i++)
        const { embedding } = pair
        assert.equal(row, {
          url: pair.url,
          text: pair.text,
          signals: pair.signals,
          warc_offset: BigInt(pair.warcOffset),
          fetched_at: new Date(pair.fetchedAt),
          embedding: new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength).slice(),
        })
      }
    }
    assert.is(i, pairs.rows)
    assert.is(outcomes.rows, 10_000)
  }, 10_000),
)

/** The block files whose content is `cid`'s. */
async function fileOf(dir: string, cid: CID): Promise<string> {
  for (const name of await readdir(join(dir, 'blocks'), { recursive: true })) {
    if (!name.endsWith('.data')) continue
    const path = join(dir, 'blocks', name)
    if (cidOf(await readFile(path), 'raw').multihash.digest.join() === cid.multihash.digest.join())
      return path
  }
  throw new Error(`no block ${cid}`)
}

async function blockOf({ manifest, cid }: CheckedShard, which: string): Promise<CID> {
  return which === 'manifest'
    ? cid
    : (manifest.files.find(({ name }) => name === which) as Manifest['files'][number]).cid
}

for (const which of ['manifest', 'pairs.parquet', 'outcomes.parquet']) {
  read(`refuses a shard whose ${which} was changed or is gone`, async () => {
    const path = await fileOf(shard.dir, await blockOf(await readShard(shard, shard.manifest), which))
    const bytes = await readFile(path)
    const changed = Uint8Array.from(bytes)
    changed[bytes.length >> 1] = (changed[bytes.length >> 1] as number) ^ 1
    await writeFile(path, changed)
    assert.is(await codeOf(readShard(shard, shard.manifest)), 'block_corrupt')
    await truncate(path, 5)
    assert.is(await codeOf(readShard(shard, shard.manifest)), 'block_corrupt')
    await rm(path)
    assert.is(await codeOf(readShard(shard, shard.manifest)), 'block_missing')
    await writeFile(path, bytes)
    await readShard(shard, shard.manifest)
  })
}

read('refuses a shard it never heard of, or whose record is not what its producer signed', async () => {
  const { store, manifest } = shard
  assert.is(await codeOf(readShard(shard, cidOf(encode('other')))), 'shard_unknown')
  const envelope = (await store.shards.get(manifest.bytes)) as Uint8Array
  const fields = decode(envelope) as { sig: Uint8Array }
  await store.shards.put(manifest.bytes, encode({ ...fields, sig: fields.sig.map((byte) => byte ^ 1) }))
  assert.is(await codeOf(readShard(shard, manifest)), 'envelope_signature')
  await store.shards.put(manifest.bytes, envelope)
})

/** A shard with the manifest changed, signed anew as a liar would. */
async function lie(
  shard: Published,
  changes: (manifest: Manifest) => Partial<Manifest>,
  rows?: number,
): Promise<CID> {
  const { store, blocks, signer } = shard
  const { manifest } = await readShard(shard, shard.manifest)
  const block = makeManifest({ ...manifest, ...changes(manifest) })
  await blocks.put(block.cid, block.bytes)
  const { campaign, segment } = manifest
  const record = await makeShard(
    { campaign, segment, manifest: block.cid, rows: rows ?? manifest.counts.pairs, seq: 0, previous: null },
    signer,
  )
  await store.shards.put(block.cid.bytes, record.bytes)
  return block.cid
}

const change = (name: string, fields: object) => (manifest: Manifest) => ({
  files: manifest.files.map((file) => (file.name === name ? { ...file, ...fields } : file)),
})

read('refuses manifests that lie about their files', async () => {
  const { manifest } = await readShard(shard, shard.manifest)
  const outcomes = manifest.files.find(({ name }) => name === 'outcomes.parquet') as Manifest['files'][number]
  const { cid, bytes } = outcomes
  assert.is(
    await codeOf(readShard(shard, await lie(shard, change('pairs.parquet', { bytes: 17 })))),
    'shard_bytes',
  )
  assert.is(
    await codeOf(readShard(shard, await lie(shard, change('pairs.parquet', { cid, bytes })))),
    'shard_parquet',
  )
  const junk = new TextEncoder().encode('this is no table, it only has a name')
  const junkCid = await shard.blocks.put(cidOf(junk, 'raw'), junk)
  const junkFile = change('pairs.parquet', { cid: junkCid, bytes: junk.length })
  assert.is(await codeOf(readShard(shard, await lie(shard, junkFile))), 'shard_parquet')
  const absent = change('outcomes.parquet', { cid: cidOf(encode('absent'), 'raw') })
  assert.is(await codeOf(readShard(shard, await lie(shard, absent))), 'block_missing')
})

read('refuses manifests that count other rows than the files have', async () => {
  const { manifest } = await readShard(shard, shard.manifest)
  const { pairs, candidates } = manifest.counts
  const fewer = (all: Manifest) => ({
    ...change('pairs.parquet', { rows: pairs - 1 })(all),
    counts: { ...all.counts, pairs: pairs - 1, kept: pairs - 1, http_status: candidates - pairs + 1 },
  })
  assert.is(await codeOf(readShard(shard, await lie(shard, fewer, pairs - 1))), 'shard_rows')
})

read('refuses records that contradict the manifest or the campaign', async () => {
  const { store, manifest } = shard
  assert.is(await codeOf(readShard(shard, await lie(shard, () => ({ segment: 5 })))), 'shard_mismatch')
  assert.is(
    await codeOf(readShard(shard, await lie(shard, () => ({ software: 'shoal/other' }), 1))),
    'shard_mismatch',
  )
  const pipeline = cidOf(encode('another pipeline'))
  assert.is(await codeOf(readShard(shard, await lie(shard, () => ({ pipeline })))), 'shard_mismatch')
  const other = await lie(shard, () => ({ software: 'shoal/third' }))
  await store.shards.put(other.bytes, (await store.shards.get(manifest.bytes)) as Uint8Array)
  assert.is(await codeOf(readShard(shard, other)), 'shard_mismatch')
})

read('reads a shard whose campaign this node does not have', async () => {
  const [stored] = await shard.store.campaigns.iterator().all()
  const [key, value] = stored as [Uint8Array, Uint8Array]
  await shard.store.campaigns.del(key)
  assert.is((await readShard(shard, shard.manifest)).campaign, null)
  await shard.store.campaigns.put(key, value)
})

read('survives tables with any bytes changed: rows or a refusal by name', async () => {
  const { manifest } = await readShard(shard, shard.manifest)
  let seed = 1
  const random = (below: number) => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) % below
  let refused = 0
  for (let i = 0; i < 40; i++) {
    const file = manifest.files[i % 2] as Manifest['files'][number]
    const bytes = new Uint8Array(await readFile(join(shard.dir, 'files', file.name)))
    // every other time in the footer, which is denser
    const from = i % 4 < 2 ? 0 : bytes.length - 2_000
    bytes[from + random(bytes.length - from)] = random(256)
    const cid = await shard.blocks.put(cidOf(bytes, 'raw'), bytes)
    const code = await codeOf(readAll({ ...file, cid }))
    assert.ok(['nothing thrown', 'shard_parquet', 'shard_rows'].includes(code), `${i}: ${code}`)
    if (code !== 'nothing thrown') refused++
  }
  assert.ok(refused > 10)
})

async function readAll(file: Manifest['files'][number]): Promise<void> {
  const table = await openTable(shard.blocks, file)
  for await (const rows of table.groups()) assert.ok(rows.length > 0)
}

publish.run()
read.run()
