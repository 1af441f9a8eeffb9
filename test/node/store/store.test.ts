import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { identity } from 'multiformats/hashes/identity'
import { sha256 } from 'multiformats/hashes/sha2'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openBlocks, openStore, orderedKey, startingWith } from '../../../node/store/store.ts'
import { decode } from '../../../protocol/codec.ts'
import type { ShoalError } from '../../../protocol/errors.ts'

const store = suite<{ dir: string }>('store')
const blocks = suite<{ dir: string }>('blocks')
for (const each of [store, blocks]) {
  each.before.each(async (context) => {
    context.dir = await mkdtemp(join(tmpdir(), 'shoal-store-'))
  })
  each.after.each(({ dir }) => rm(dir, { recursive: true }))
}

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value)
async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing thrown',
    (error: ShoalError) => error.code,
  )
}

store('keeps tables apart and gives back what was written', async ({ dir }) => {
  const first = await openStore(dir)
  await first.batch([
    { type: 'put', sublevel: first.seen, key: bytes('k'), value: bytes('seen') },
    { type: 'put', sublevel: first.runs, key: bytes('k'), value: bytes('run') },
  ])
  await first.close()
  const again = await openStore(dir)
  assert.is(textOf(await again.seen.get(bytes('k'))), 'seen')
  assert.is(textOf(await again.runs.get(bytes('k'))), 'run')
  assert.equal(await again.pages.get(bytes('k')), undefined)
  assert.equal((await again.seen.getMany([bytes('x'), bytes('k')])).map(textOf), [undefined, 'seen'])
  await again.close()
})

store('iterates in numeric order, and clears one owner alone', async ({ dir }) => {
  const { outcomes, close } = await openStore(dir)
  const [a, b] = [Uint8Array.of(1, 255), Uint8Array.of(2, 0)]
  for (const page of [300, 2, 70_000, 1]) {
    await outcomes.put(orderedKey(a, page, 0), orderedKey(new Uint8Array(), page))
    await outcomes.put(orderedKey(b, page, 0), orderedKey(new Uint8Array(), page))
  }
  const pages = async (owner: Uint8Array) =>
    (await outcomes.values(startingWith(owner)).all()).map((value) =>
      new DataView(value.buffer, value.byteOffset).getUint32(0),
    )
  assert.equal(await pages(a), [1, 2, 300, 70_000])
  await outcomes.clear(startingWith(a))
  assert.equal(await pages(a), [])
  assert.equal(await pages(b), [1, 2, 300, 70_000])
  await close()
})

store('refuses key parts that would not sort', () => {
  for (const part of [-1, 1.5, 2 ** 32]) assert.throws(() => orderedKey(new Uint8Array(), part), /key part/)
  assert.equal(startingWith(Uint8Array.of(255, 255)), { gte: Uint8Array.of(255, 255) })
  const buffer = Buffer.of(1, 2)
  startingWith(buffer)
  assert.equal([...buffer], [1, 2], 'a Buffer stays as it was')
})

store('says who holds the lock when a second one opens it', async ({ dir }) => {
  const first = await openStore(dir)
  assert.is(await codeOf(openStore(dir)), 'store_locked')
  await first.close()
  await (await openStore(dir)).close()
})

store('keeps a batch whole when its process is killed', async ({ dir }) => {
  const door = new URL('../../../node/store/store.ts', import.meta.url).href
  const program = `
    const { openStore, orderedKey } = await import(${JSON.stringify(door)})
    const store = await openStore(${JSON.stringify(dir)})
    for (let i = 0; ; i++) {
      const key = orderedKey(new Uint8Array(), i)
      await store.batch([{ type: 'put', sublevel: store.runs, key, value: key }, { type: 'put', sublevel: store.pages, key, value: key }])
      if (i === 50) process.stdout.write('ready')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', () => reject(new Error('the writer ended early')))
    setTimeout(() => reject(new Error('the writer did not start')), 120_000).unref()
  })
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  const { runs, pages, close } = await openStore(dir)
  const left = await runs.keys().all()
  assert.ok(left.length > 50)
  assert.equal(await pages.keys().all(), left)
  await close()
})

store('keeps the shards of a database that is older than pins', async ({ dir }) => {
  const older = await openStore(dir)
  await older.shards.put(bytes('manifest'), bytes('envelope'))
  await older.close()
  const options = { keyEncoding: 'view', valueEncoding: 'view' } as const
  const level = new Level<Uint8Array, Uint8Array>(dir, options)
  await level.sublevel<Uint8Array, Uint8Array>('meta', options).put(bytes('version'), Uint8Array.of(0, 1))
  await level.close()
  const { pins, close } = await openStore(dir)
  assert.equal((await pins.keys().all()).map(textOf), ['manifest'])
  assert.is((decode((await pins.get(bytes('manifest')))!) as { why: string }).why, 'fetched')
  await pins.clear()
  await close()
  const again = await openStore(dir)
  assert.equal(await again.pins.keys().all(), [], 'once')
  await again.close()
})

store('refuses a database of a newer version, or of something else', async ({ dir }) => {
  await (await openStore(dir)).close()
  const options = { keyEncoding: 'view', valueEncoding: 'view' } as const
  const level = new Level<Uint8Array, Uint8Array>(dir, options)
  await level.sublevel<Uint8Array, Uint8Array>('meta', options).put(bytes('version'), Uint8Array.of(9, 9))
  await level.close()
  assert.is(await codeOf(openStore(dir)), 'store_newer')

  const foreign = new Level(join(dir, 'foreign'))
  await foreign.put('key', 'value')
  await foreign.close()
  assert.is(await codeOf(openStore(join(dir, 'foreign'))), 'store_foreign')
  await writeFile(join(dir, 'file'), '')
  assert.is(await codeOf(openStore(join(dir, 'file'))), 'store_open')
})

const cidOf = async (value: Uint8Array) => CID.createV1(raw.code, await sha256.digest(value))
async function read(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}

blocks('gives back what was put, by any CID of the same hash', async ({ dir }) => {
  const here = await openBlocks(dir)
  const value = bytes('block')
  const cid = await cidOf(value)
  await Promise.all([here.put(cid, value), here.put(cid, value), here.put(cid, [value])])
  assert.ok(await here.has(cid))
  assert.equal(await read(here.get(cid)), value)
  assert.equal(await readdir(join(dir, 'unfinished')), [])
  assert.is(await codeOf(read(here.get(await cidOf(bytes('other'))))), 'block_missing')
})

blocks('refuses blocks that changed on the disk, and heals them when they are put again', async ({ dir }) => {
  const here = await openBlocks(dir)
  const value = bytes('block')
  const cid = await cidOf(value)
  await here.put(cid, value)
  const file = (await readdir(dir, { recursive: true })).find((name) => name.endsWith('.data')) as string
  await truncate(join(dir, file), 3)
  assert.is(await codeOf(read(here.get(cid))), 'block_corrupt')
  await here.put(cid, value)
  assert.equal(await read(here.get(cid)), value)
})

blocks('refuses a hash it cannot check', async ({ dir }) => {
  const here = await openBlocks(dir)
  const cid = CID.createV1(raw.code, identity.digest(bytes('inline')))
  assert.is(await codeOf(read(here.get(cid))), 'block_hash')
})

blocks('leaves no half block when its process is killed', async ({ dir }) => {
  const door = new URL('../../../node/store/store.ts', import.meta.url).href
  const program = `
    const { openBlocks } = await import(${JSON.stringify(door)})
    const { CID } = await import('multiformats/cid')
    const { sha256 } = await import('multiformats/hashes/sha2')
    const blocks = await openBlocks(${JSON.stringify(dir)})
    for (let i = 0; ; i++) {
      const block = new Uint8Array(1 << 20).fill(i)
      await blocks.put(CID.createV1(0x55, await sha256.digest(block)), block)
      if (i === 3) process.stdout.write('ready')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: new URL('.', import.meta.url).pathname,
  })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', () => reject(new Error('the writer ended early')))
    setTimeout(() => reject(new Error('the writer did not start')), 120_000).unref()
  })
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  const here = await openBlocks(dir)
  let count = 0
  for await (const { bytes } of here.getAll()) {
    assert.is((await read(bytes as AsyncIterable<Uint8Array>)).length, 1 << 20)
    count++
  }
  assert.ok(count >= 4)
})

store.run()
blocks.run()
