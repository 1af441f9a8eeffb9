import { createHash } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { CarReader } from '@ipld/car/reader'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagPb from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { sha256 } from 'multiformats/hashes/sha2'
import { Agent, request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Gateway, startGateway } from '../../../node/gateway/gateway.ts'
import { openLog } from '../../../node/log.ts'
import { readShard } from '../../../node/shard/shard.ts'
import { fileOf, openTemporary, putCbor, putRaw } from '../pins/make-dags.ts'
import { publishSample } from '../shard/sample.ts'

/** Cases of https://specs.ipfs.tech/http-gateways/trustless-gateway/, with plain HTTP. */
const gateway = suite('trustless gateway')

const stack = new AsyncDisposableStack()
const agent = new Agent({ headersTimeout: 20_000, bodyTimeout: 20_000 })
const log = openLog('silent', 'stderr')
let home: Awaited<ReturnType<typeof openTemporary>>
let server: Gateway
let manifest = ''
let pairs: CID
let raw: CID
let leaves: CID[] = []
let file: CID
let directory: CID
let map: CID

const putNode = async (unixfs: UnixFS, links: [string, CID][]) => {
  const bytes = dagPb.encode(
    dagPb.prepare({
      Data: unixfs.marshal(),
      Links: links.map(([Name, Hash]) => ({ Name, Hash, Tsize: 1 })),
    }),
  )
  return home.blocks.put(CID.createV1(dagPb.code, await sha256.digest(bytes)), bytes)
}

gateway.before(async () => {
  home = await openTemporary(stack)
  const shard = await publishSample(join(home.dir, 'sample'), 40)
  stack.defer(() => shard.store.close())
  manifest = shard.manifest.toString()
  for await (const { cid, bytes } of shard.blocks.getAll())
    await home.blocks.put(
      cid,
      bytes instanceof Uint8Array ? bytes : Buffer.concat(await Array.fromAsync(bytes)),
    )
  // its own codecs are no part of where blocks lie
  const { manifest: content } = await readShard(shard, shard.manifest)
  pairs = content.files[0]!.cid
  raw = await putRaw(home, 'hello raw block')
  leaves = await Promise.all(['aaaaa', 'bbbbb', 'ccccc', 'aaaaa'].map((text) => putRaw(home, text)))
  file = await putNode(
    new UnixFS({ type: 'file', blockSizes: [5n, 5n, 5n, 5n] }),
    leaves.map((leaf) => ['', leaf]),
  )
  directory = await putNode(new UnixFS({ type: 'directory' }), [
    ['a file', file],
    ['raw', raw],
  ])
  map = await putCbor(home, { dir: directory, deep: { list: [raw, 7] } })
  server = await startGateway({ blocks: home.blocks, listen: { host: '127.0.0.1', port: 0 }, log })
})
gateway.after(async () => {
  await server.close()
  await agent.close()
  await stack.disposeAsync()
})

async function ask(
  path: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' = 'GET',
) {
  const answer = await request(`${server.address}${path}`, { dispatcher: agent, method, headers })
  const body = Buffer.from(await answer.body.arrayBuffer())
  return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body }
}

async function askCar(path: string, headers: Record<string, string> = {}) {
  const { status, headers: got, body } = await ask(path, headers)
  assert.is(status, 200, body.toString())
  const reader = await CarReader.fromBytes(body)
  const blocks = await Array.fromAsync(reader.blocks())
  for (const { cid, bytes } of blocks)
    assert.equal(cid.multihash.digest, new Uint8Array(createHash('sha256').update(bytes).digest()))
  return {
    headers: got,
    roots: (await reader.getRoots()).map(String),
    cids: blocks.map(({ cid }) => cid.toString()),
  }
}
const names = (...cids: CID[]) => cids.map(String)

gateway('a raw block, by format and by Accept', async () => {
  const byFormat = await ask(`/ipfs/${raw}?format=raw`, {
    accept: 'text/html,application/vnd.ipld.car;q=0.9,*/*',
  })
  assert.is(byFormat.status, 200)
  assert.is(byFormat.body.toString(), 'hello raw block')
  const { headers } = byFormat
  assert.is(headers['content-type'], 'application/vnd.ipld.raw')
  assert.is(headers['content-length'], '15')
  assert.is(headers['content-disposition'], `attachment; filename="${raw}.bin"`)
  assert.is(headers['cache-control'], 'public, max-age=29030400, immutable')
  assert.is(headers['x-content-type-options'], 'nosniff')
  assert.is(headers['x-ipfs-path'], `/ipfs/${raw}`)
  assert.is(headers['access-control-allow-origin'], '*')
  assert.is(headers['content-location'], undefined)
  const byAccept = await ask(`/ipfs/${raw}`, { accept: 'application/vnd.ipld.raw' })
  assert.is(byAccept.body.toString(), 'hello raw block')
  assert.is(byAccept.headers.etag, headers.etag)
  assert.is(byAccept.headers['content-location'], `/ipfs/${raw}?format=raw`)
  const named = await ask(`/ipfs/${raw}?format=raw&filename=te%22st%D1%82.bin`)
  assert.is(
    named.headers['content-disposition'],
    `attachment; filename="te_st_.bin"; filename*=UTF-8''te%22st%D1%82.bin`,
  )
})

gateway('HEAD says what GET would, without a body', async () => {
  for (const path of [`/ipfs/${raw}?format=raw`, `/ipfs/${file}?format=car`]) {
    const [head, get] = [await ask(path, {}, 'HEAD'), await ask(path)]
    assert.is(head.status, 200)
    assert.is(head.body.length, 0)
    for (const name of ['content-type', 'etag', 'content-disposition', 'cache-control'])
      assert.is(head.headers[name], get.headers[name])
  }
  assert.is((await ask(`/ipfs/${raw}?format=raw`, {}, 'HEAD')).headers['content-length'], '15')
})

gateway('If-None-Match: 304 for the same, in lists, weak, and *', async () => {
  for (const path of [`/ipfs/${raw}?format=raw`, `/ipfs/${file}?format=car`]) {
    const { etag } = (await ask(path)).headers
    for (const tag of [etag!, `"x", W/${etag}`, '*']) {
      const { status, body, headers } = await ask(path, { 'if-none-match': tag })
      assert.equal([status, body.length, headers.etag], [304, 0, etag])
    }
    assert.is((await ask(path, { 'if-none-match': '"other"' })).status, 200)
  }
  const etags = await Promise.all(
    ['raw', 'car', 'car&dag-scope=block', 'car&entity-bytes=0:3', 'car&car-dups=y'].map(
      async (format) => (await ask(`/ipfs/${file}?format=${format}`)).headers.etag,
    ),
  )
  assert.is(new Set(etags).size, 5)
})

gateway('one range of a raw block', async () => {
  const part = await ask(`/ipfs/${raw}?format=raw`, { range: 'bytes=6-8' })
  assert.equal([part.status, part.body.toString()], [206, 'raw'])
  assert.is(part.headers['content-range'], 'bytes 6-8/15')
  assert.is((await ask(`/ipfs/${raw}?format=raw`, { range: 'bytes=-5' })).body.toString(), 'block')
  assert.is((await ask(`/ipfs/${raw}?format=raw`, { range: 'bytes=15-' })).status, 416)
})

gateway('the probe answers', async () => {
  const block = await ask('/ipfs/bafkqaaa?format=raw')
  assert.equal([block.status, block.body.length], [200, 0])
  assert.is((await ask('/ipfs/bafkqaaa', { accept: 'application/vnd.ipld.raw' }, 'HEAD')).status, 200)
  assert.equal((await askCar('/ipfs/bafkqaaa?format=car')).roots, ['bafkqaaa'])
})

gateway('a CAR of all, depth first, each block once or as often as it is met', async () => {
  const order = [file, leaves[0]!, leaves[1]!, leaves[2]!]
  const plain = await askCar(`/ipfs/${file}?format=car`)
  assert.equal(plain.cids, names(...order))
  assert.equal(plain.roots, names(file))
  assert.is(plain.headers['content-type'], 'application/vnd.ipld.car; version=1; order=dfs; dups=n')
  assert.is(plain.headers['accept-ranges'], 'none')
  assert.is(plain.headers['content-disposition'], `attachment; filename="${file}.car"`)
  for (const [path, accept] of [
    [`/ipfs/${file}`, 'application/vnd.ipld.car; version=1; order=dfs; dups=y'],
    [`/ipfs/${file}`, 'application/vnd.ipld.car;order=foo, application/vnd.ipld.car;order=dfs;dups=y;q=0.5'],
    [`/ipfs/${file}?format=car&car-dups=y`, 'application/vnd.ipld.car; dups=n'],
  ] as const) {
    const twice = await askCar(path, { accept })
    assert.equal(twice.cids, names(...order, leaves[3]!), accept)
    assert.is(twice.headers['content-type'], 'application/vnd.ipld.car; version=1; order=dfs; dups=y')
  }
})

gateway('paths through DAG-CBOR and UnixFS, with what proves them', async () => {
  const deep = await askCar(`/ipfs/${map}/dir/a%20file?format=car&dag-scope=block`)
  assert.equal(deep.cids, names(map, directory, file))
  assert.equal((await askCar(`/ipfs/${map}/dir/raw?format=car`)).cids, names(map, directory, raw))
  assert.equal((await askCar(`/ipfs/${map}/deep/list/0/?format=car`)).cids, names(map, raw))
  assert.equal((await askCar(`/ipfs/${map}/deep/list/1?format=car&dag-scope=block`)).cids, names(map))
  for (const path of ['dir/none', 'deep/none', 'dir/raw/more', 'deep/list/1/more'])
    assert.is((await ask(`/ipfs/${map}/${path}?format=car`)).status, 404, path)
})

gateway('dag-scope: block, entity, all', async () => {
  assert.equal((await askCar(`/ipfs/${file}?format=car&dag-scope=block`)).cids, names(file))
  assert.is((await askCar(`/ipfs/${file}?format=car&dag-scope=entity`)).cids.length, 4)
  assert.equal((await askCar(`/ipfs/${directory}?format=car&dag-scope=entity`)).cids, names(directory))
  assert.is((await askCar(`/ipfs/${directory}?format=car&dag-scope=all`)).cids.length, 6)
  assert.equal((await askCar(`/ipfs/${map}?format=car&dag-scope=entity`)).cids, names(map))
})

gateway('entity-bytes: the blocks of a range alone', async () => {
  const [a, b, c] = leaves as [CID, CID, CID]
  const cases: [string, CID[]][] = [
    ['0:*', [file, a, b, c]],
    ['0:0', [file, a]],
    ['4:5', [file, a, b]],
    ['5:9', [file, b]],
    ['10:1000', [file, c, a]],
    ['-5:*', [file, a]],
    ['-7:-6', [file, c]],
    ['6:-8', [file, b, c]],
    ['-1000:4', [file, a]],
    ['12:-15', [file]],
  ]
  for (const [range, cids] of cases)
    assert.equal((await askCar(`/ipfs/${file}?format=car&entity-bytes=${range}`)).cids, names(...cids), range)
  assert.equal((await askCar(`/ipfs/${map}?format=car&entity-bytes=3:4`)).cids, names(map))
  assert.equal((await askCar(`/ipfs/${raw}?format=car&entity-bytes=3:4`)).cids, names(raw))
  for (const range of ['20:*', '5:2', '-2:-5', 'x:1', '1', '*:5', ''])
    assert.is((await ask(`/ipfs/${file}?format=car&entity-bytes=${range}`)).status, 400, range)
})

gateway('a file whose blocks name the next one twice is read once', async () => {
  const bottom = await putRaw(home, 'bottom')
  let [top, size] = [bottom, 6n]
  for (let level = 0; level < 26; level++) {
    const links: [string, CID][] = [
      ['', top],
      ['', top],
    ]
    top = await putNode(new UnixFS({ type: 'file', blockSizes: [size, size] }), links)
    size *= 2n
  }
  for (const query of ['dag-scope=entity', 'entity-bytes=1:*', 'entity-bytes=0:-2', 'entity-bytes=7:-7'])
    assert.is((await askCar(`/ipfs/${top}?format=car&${query}`)).cids.length, 27, query)
  // a stranger needs none of his blocks here: an address can be one
  const once = dagPb.encode(
    dagPb.prepare({
      Data: new UnixFS({ type: 'file', blockSizes: Array.from({ length: 20 }, () => size) }).marshal(),
      Links: Array.from({ length: 20 }, () => ({ Name: '', Hash: top, Tsize: 1 })),
    }),
  )
  const inline = CID.createV1(dagPb.code, identity.digest(once))
  assert.is((await askCar(`/ipfs/${inline}?format=car&dag-scope=entity`)).cids.length, 27)
})

gateway('a block of more links than a call takes arguments', async () => {
  const empty = CID.createV1(0x55, identity.digest(new Uint8Array()))
  const bytes = dagCbor.encode([...Array.from({ length: 200_000 }, () => empty), raw])
  const root = await home.blocks.put(CID.createV1(dagCbor.code, await sha256.digest(bytes)), bytes)
  assert.equal((await askCar(`/ipfs/${root}?format=car`)).cids, names(root, raw))
})

gateway('a whole shard', async () => {
  const shard = await askCar(`/ipfs/${manifest}?format=car`)
  assert.is(shard.cids[0], manifest)
  assert.ok(shard.cids.includes(pairs.toString()))
  assert.equal((await askCar(`/ipfs/${manifest}/files/0/cid?format=car`)).cids.slice(0, 2), [
    manifest,
    String(pairs),
  ])
})

gateway('every refusal has its status', async () => {
  const none = await putRaw(home, 'none')
  await unlink(fileOf(home, none))
  const cases: [number, string, Record<string, string>?][] = [
    [400, '/ipfs/nonsense?format=raw'],
    [400, `/ipfs/${raw}`],
    [400, `/ipfs/${raw}`, { accept: 'text/html, */*' }],
    [400, `/ipfs/${raw}?format=tar`],
    [400, `/ipfs/${map}/dir?format=raw`],
    [400, `/ipfs/${raw}?format=car&dag-scope=some`],
    [400, `/ipfs/${raw}/%zz?format=car`],
    [400, `/ipfs/${raw}?format=raw`, { 'service-worker': 'script' }],
    [406, `/ipfs/${raw}`, { accept: 'application/vnd.ipld.car; version=2' }],
    [406, `/ipfs/${raw}?format=car&car-order=bfs`],
    [404, `/ipfs/${none}?format=raw`],
    [404, `/ipfs/${none}?format=car`],
    [404, '/ipns/example.org?format=raw'],
    [404, '/'],
    [412, `/ipfs/${none}?format=raw`, { 'cache-control': 'only-if-cached' }],
  ]
  for (const [status, path, headers] of cases) {
    const answer = await ask(path, headers)
    assert.is(answer.status, status, `${path} ${JSON.stringify(headers)}`)
    assert.match(answer.headers['content-type'] ?? '', /^text\/plain/)
    assert.not.match(answer.headers['cache-control'] ?? '', /immutable/)
    assert.is(answer.headers.etag, undefined)
  }
  const post = await ask(`/ipfs/${raw}?format=raw`, {}, 'POST')
  assert.equal([post.status, post.headers.allow], [405, 'GET, HEAD, OPTIONS'])
  const preflight = await ask(`/ipfs/${raw}`, { origin: 'https://example.org' }, 'OPTIONS')
  assert.is(preflight.status, 204)
  assert.match(preflight.headers['access-control-allow-methods'] ?? '', /GET/)
})

gateway('a block that is missing further down breaks the stream off', async () => {
  const leaf = await putRaw(home, 'gone')
  const root = await putCbor(home, [raw, leaf])
  await unlink(fileOf(home, leaf))
  const answer = await ask(`/ipfs/${root}?format=car`).then(
    () => 'complete',
    () => 'broken off',
  )
  assert.is(answer, 'broken off')
  assert.is((await ask(`/ipfs/${raw}?format=raw`)).status, 200, 'it goes on')
})

gateway('identity blocks are given by themselves, and never put into CARs', async () => {
  const inline = CID.createV1(0x55, identity.digest(new TextEncoder().encode('inline')))
  assert.is((await ask(`/ipfs/${inline}?format=raw`)).body.toString(), 'inline')
  const root = await putCbor(home, [inline, raw])
  assert.equal((await askCar(`/ipfs/${root}?format=car`)).cids, names(root, raw))
})

gateway.run()
