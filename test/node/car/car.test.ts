import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CarReader } from '@ipld/car/reader'
import { CarWriter } from '@ipld/car/writer'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { identity } from 'multiformats/hashes/identity'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportCar, importCar } from '../../../node/car/car.ts'
import type { Home } from '../../../node/home.ts'
import { collect, findPin, GRACE_MS } from '../../../node/pins/pins.ts'
import { readShard } from '../../../node/shard/shard.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { openTemporary, putCbor, putPb, putRaw } from '../pins/make-dags.ts'
import { publishSample } from '../shard/sample.ts'

const car = suite('CAR files')

/** Names of everything that is kept: of blocks, files that are not finished, what waits to be checked. */
async function kept(home: Home): Promise<string[]> {
  const names = async (dir: string) =>
    (await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
  const listed = await Array.fromAsync(home.store.shards.keys(), (key) => CID.decode(key).toString())
  const pins = await Array.fromAsync(home.store.pins.keys(), (key) => CID.decode(key).toString())
  return [...(await names(home.blocks.path)), ...(await names(home.workDir)), ...listed, ...pins].sort()
}

async function fails(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.unreachable('it did not fail'),
    (error: unknown) => error,
  )
  assert.instance(error, ShoalError)
  return (error as ShoalError).code
}

type Section = { cid: CID; bytes: Uint8Array }

async function makeCar(roots: CID[], blocks: Section[]): Promise<Uint8Array> {
  const { writer, out } = CarWriter.create(roots)
  const bytes = Array.fromAsync(out)
  for (const block of blocks) await writer.put(block)
  await writer.close()
  return Buffer.concat(await bytes)
}

const text = (value: string) => new TextEncoder().encode(value)
const rawBlock = (value: string): Section => ({ cid: cidOf(text(value), 'raw'), bytes: text(value) })
const cborBlock = (value: unknown): Section => ({ cid: cidOf(encode(value)), bytes: encode(value) })

car('a shard goes from one node to another with its records', async () => {
  await using stack = new AsyncDisposableStack()
  const [from, home] = [await openTemporary(stack), await openTemporary(stack)]
  const shard = await publishSample(join(from.dir, 'sample'), 40)
  stack.defer(() => shard.store.close())
  const file = join(from.dir, 'shard.car')
  const exported = await exportCar(shard, shard.manifest, file)
  assert.is(exported.roots[0], shard.manifest.toString())
  assert.is(exported.roots.length, 3, 'manifest, what its producer signed, the campaign')
  const read = await CarReader.fromBytes(await readFile(file))
  assert.equal((await read.getRoots()).map(String), exported.roots)
  assert.is((await Array.fromAsync(read.blocks())).length, exported.blocks)
  assert.is((await readFile(file)).length, exported.bytes)

  const imported = await importCar(home, file)
  assert.equal(imported.roots, [{ cid: shard.manifest.toString(), kind: 'shard' }])
  assert.is(imported.added, imported.blocks)
  const checked = await readShard(home, shard.manifest)
  assert.is(checked.campaign?.name, 'sample')
  assert.is((await findPin(home.store, shard.manifest))?.why, 'fetched')
  assert.equal(await readdir(home.workDir), [])
  assert.is((await importCar(home, file)).added, 0, 'a second time nothing comes')
  assert.is((await collect(home, { clock: () => Date.now() + 2 * GRACE_MS })).dropped, 0)
  await readShard(home, shard.manifest)
  const again = join(from.dir, 'again.car')
  await exportCar(home, shard.manifest, again)
  assert.equal(await readFile(again), await readFile(file))
})

car('a shard that is not what its producer signed is refused whole', async () => {
  await using stack = new AsyncDisposableStack()
  const [from, home] = [await openTemporary(stack), await openTemporary(stack)]
  const shard = await publishSample(join(from.dir, 'sample'), 4)
  stack.defer(() => shard.store.close())
  const file = join(from.dir, 'shard.car')
  const lie = await shard.publish({ segment: 7 })
  const envelope = (await shard.store.shards.get(lie.bytes))!
  await exportCar(shard, shard.manifest, file)
  const sections = await Array.fromAsync((await CarReader.fromBytes(await readFile(file))).blocks())
  // a signed record of this very manifest whose segment is another
  const { makeShard } = await import('../../../protocol/records/shard.ts')
  const { decodeManifest } = await import('../../../protocol/records/manifest.ts')
  const manifest = decodeManifest(sections[0]!.bytes)
  const forged = await makeShard(
    { campaign: manifest.campaign, segment: 9, manifest: shard.manifest, rows: 2, seq: 0, previous: null },
    shard.signer,
  )
  await writeFile(
    file,
    await makeCar([shard.manifest, forged.id], [...sections, { cid: forged.id, bytes: forged.bytes }]),
  )
  assert.is(await fails(importCar(home, file)), 'shard_mismatch')
  assert.equal(await kept(home), [])
  assert.ok(envelope)
  // a manifest that names a file which is not there
  const without = sections.filter(({ cid }) => !cid.equals(manifest.files[1]!.cid))
  await writeFile(file, await makeCar([shard.manifest], without))
  assert.is(await fails(importCar(home, file)), 'car_incomplete')
  assert.equal(await kept(home), [])
})

car('any DAG by its links: depth first, each block once', async () => {
  await using stack = new AsyncDisposableStack()
  const [from, home] = [await openTemporary(stack), await openTemporary(stack)]
  const [a, b, c] = [await putRaw(from, 'a'), await putRaw(from, 'b'), await putRaw(from, '')]
  const file = await putPb(from, [a, b, a], 'node')
  const inner = await putCbor(from, { x: [b, { y: file }] })
  const root = await putCbor(from, [inner, c, file, CID.createV1(0x55, identity.digest(text('here')))])
  const path = join(from.dir, 'dag.car')
  await exportCar(from, root, path)
  const read = await CarReader.fromBytes(await readFile(path))
  assert.equal(
    (await Array.fromAsync(read.blocks())).map(({ cid }) => cid.toString()),
    [root, inner, b, file, a, c].map(String),
  )
  assert.equal(await importCar(home, path), {
    roots: [{ cid: root.toString(), kind: 'dag' }],
    ...{ blocks: 6, added: 6, bytes: (await importCar(home, path)).bytes },
  })
  await from.blocks.delete(b)
  assert.is(await fails(exportCar(from, root, path)), 'block_missing')
  assert.is(await fails(exportCar(from, cidOf(text('none'), 'raw'), path)), 'block_missing')
  assert.equal(
    (await readdir(from.dir)).filter((name) => name.includes('unfinished')),
    [],
  )
})

const leaves = ['one', 'two', ''].map(rawBlock)
const small = cborBlock({ leaves: leaves.map(({ cid }) => cid) })

car('cut off at any byte it leaves nothing behind', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const whole = await makeCar([small.cid], [small, ...leaves])
  const file = join(home.dir, 'small.car')
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      await writeFile(file, whole.subarray(0, length))
      assert.ok(
        ['car_truncated', 'car_incomplete', 'car_malformed'].includes(await fails(importCar(home, file))),
      )
      assert.equal(await kept(home), [])
    }),
    { numRuns: whole.length, examples: Array.from({ length: whole.length }, (_, i) => [i]) },
  )
  await writeFile(file, whole)
  assert.is((await importCar(home, file)).added, 4)
})

car('a bit that is turned is found, or changes nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const whole = await makeCar([small.cid], [small, ...leaves])
  const file = join(home.dir, 'small.car')
  let keeps = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, turn) => {
      const changed = Uint8Array.from(whole)
      changed[at]! ^= turn
      await writeFile(file, changed)
      const imported = await importCar(home, file).catch((error) => error)
      // the codec by which a block is named there is no part of where it lies
      if (imported instanceof Error) assert.match((imported as ShoalError).code, /^car_/)
      else assert.equal(imported.roots, [{ cid: small.cid.toString(), kind: 'dag' }])
      if (imported instanceof Error) assert.is((await kept(home)).length, keeps)
      else keeps = (await kept(home)).length
    }),
    { numRuns: 80 },
  )
})

car('garbage is refused as such', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const file = join(home.dir, 'garbage.car')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await writeFile(file, bytes)
      assert.match(await fails(importCar(home, file)), /^car_/)
    }),
    { numRuns: 40 },
  )
  assert.equal(await kept(home), [])
})

car('each fault has its code', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const file = join(home.dir, 'foreign.car')
  const [one, two] = [rawBlock('one'), rawBlock('two')]
  const sha512 = createDigest(0x13, createHash('sha512').update('one').digest())
  const large = {
    bytes: new Uint8Array(2 * 1024 * 1024 + 1),
    cid: cidOf(new Uint8Array(2 * 1024 * 1024 + 1), 'raw'),
  }
  const pragma = Buffer.from('0aa16776657273696f6e02', 'hex')
  const cases: [string, Uint8Array][] = [
    ['car_truncated', new Uint8Array()],
    ['car_version', Buffer.concat([pragma, new Uint8Array(40), await makeCar([one.cid], [one])])],
    ['car_roots', await makeCar([], [one])],
    ['car_roots', await makeCar(Array(65).fill(one.cid), [one])],
    ['car_hash', await makeCar([one.cid], [one, { cid: CID.createV1(0x55, sha512), bytes: one.bytes }])],
    ['car_mislabelled', await makeCar([one.cid], [{ cid: one.cid, bytes: two.bytes }])],
    ['car_hash', await makeCar([CID.createV1(0x55, sha512)], [one])],
    ['car_codec', await makeCar([CID.createV1(0x0129, one.cid.multihash)], [one])],
    ['car_mislabelled', await makeCar([CID.createV1(0x71, one.cid.multihash)], [one])],
    ['car_oversize', await makeCar([large.cid], [large])],
    [
      'car_oversize',
      Buffer.concat([await makeCar([one.cid], []), Buffer.from('ffffffff0f', 'hex'), one.cid.bytes]),
    ],
    ['car_oversize', Buffer.from('ffffffff0f00000000', 'hex')],
    ['car_incomplete', await makeCar([one.cid], [two])],
    ['car_malformed', Buffer.concat([await makeCar([one.cid], [one]), new Uint8Array(3)])],
  ]
  for (const [code, bytes] of cases) {
    await writeFile(file, bytes)
    assert.is(await fails(importCar(home, file)), code)
    assert.equal(await kept(home), [], code)
  }
  assert.is(await fails(importCar(home, join(home.dir, 'none.car'))), 'car_unreadable')
  assert.is(await fails(exportCar(home, one.cid, join(home.dir, 'x.car'))), 'block_missing')
})

car('what no root needs is not kept, what is here already need not be in the file', async () => {
  await using stack = new AsyncDisposableStack()
  const home = await openTemporary(stack)
  const file = join(home.dir, 'some.car')
  const stranger = rawBlock('stranger')
  await putRaw(home, 'one')
  const rest = leaves.filter(({ cid }) => !cid.equals(rawBlock('one').cid))
  await writeFile(file, await makeCar([small.cid], [stranger, ...rest.toReversed(), small, small]))
  const { blocks, added } = await importCar(home, file)
  assert.equal([blocks, added], [4, 3])
  assert.not(await home.blocks.has(stranger.cid))
})

car.run()
