import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { unixfs } from '@helia/unixfs'
import { encode as encodeNode } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fetchFiles, fetchShard, openGateway, openPool } from '../../../node/fetch/fetch.ts'
import { openHome } from '../../../node/home.ts'
import { type Blocks, openBlocks } from '../../../node/store/store.ts'
import { CODECS, cidOf } from '../../../protocol/codec.ts'
import { decodeManifest } from '../../../protocol/records/manifest.ts'
import { publishSample, withDirectory } from '../shard/sample.ts'
import { codeOf, log, playSource } from './played-source.ts'

const MIB = 1024 * 1024
const fetching = suite('fetching a shard')

async function storeFile(blocks: Blocks, bytes: number) {
  const content = randomBytes(bytes)
  const cid = await unixfs({ blockstore: blocks }).addBytes(content, { profile: 'unixfs-v1-2025' })
  return { file: { name: 'a.parquet', cid, bytes }, content }
}

async function readBack(blocks: Blocks, cid: CID): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(unixfs({ blockstore: blocks }).cat(cid)))
}

fetching('files of every shape arrive, and nothing is fetched twice', () =>
  withDirectory(async (dir) => {
    const [theirs, mine] = [await openBlocks(join(dir, 'theirs')), await openBlocks(join(dir, 'mine'))]
    for (const bytes of [0, 1, MIB, MIB + 1, 5 * MIB - 7]) {
      const { file, content } = await storeFile(theirs, bytes)
      const source = playSource('one', theirs)
      const progress: number[] = []
      for (let time = 0; time < 2; time++) {
        const pool = openPool([source], { log })
        await fetchFiles({ blocks: mine, pool }, [file], ({ done, total }) => progress.push(total - done))
        pool.close()
        assert.is(progress.at(-1), 0)
      }
      assert.ok((await readBack(mine, file.cid)).equals(content))
      assert.is(source.asked.length, Math.ceil(bytes / MIB || 1) + (bytes > MIB ? 1 : 0))
    }
  }),
)

fetching('what is corrupt on the disk is fetched again, and that alone', () =>
  withDirectory(async (dir) => {
    const [theirs, mine] = [await openBlocks(join(dir, 'theirs')), await openBlocks(join(dir, 'mine'))]
    const { file, content } = await storeFile(theirs, 4 * MIB)
    const source = playSource('one', theirs)
    const fetchAll = async () => {
      const pool = openPool([source], { log })
      await fetchFiles({ blocks: mine, pool }, [file])
      pool.close()
    }
    await fetchAll()
    const leaf = cidOf(content.subarray(MIB, 2 * MIB), 'raw')
    for (const { parentPath, name } of await readdir(join(dir, 'mine'), {
      recursive: true,
      withFileTypes: true,
    }))
      if (
        name.endsWith('.data') &&
        (await readFile(join(parentPath, name))).equals(content.subarray(MIB, 2 * MIB))
      )
        await writeFile(join(parentPath, name), 'broken')
    source.asked.length = 0
    await fetchAll()
    assert.equal(source.asked, [leaf.toString()])
    assert.ok((await readBack(mine, file.cid)).equals(content))
  }),
)

fetching('a tree that does not follow from the size is refused before it is walked', () =>
  withDirectory(async (dir) => {
    const [theirs, mine] = [await openBlocks(join(dir, 'theirs')), await openBlocks(join(dir, 'mine'))]
    const leaf = randomBytes(10)
    const leafCid = cidOf(leaf, 'raw')
    await theirs.put(leafCid, leaf)
    const node = async (links: CID[]) => {
      const bytes = encodeNode({
        Data: new Uint8Array(),
        Links: links.map((Hash) => ({ Name: '', Tsize: 1, Hash })),
      })
      const cid = CID.createV1(CODECS['dag-pb'], cidOf(bytes).multihash)
      await theirs.put(cid, bytes)
      return cid
    }
    const wide = await node(Array.from({ length: 500 }, () => leafCid))
    let deep = leafCid
    for (let i = 0; i < 20; i++) deep = await node([deep])
    const cases: [CID, number, number][] = [
      [wide, 3 * MIB, 1],
      [deep, 2 * MIB, 1],
      [await node([deep, deep]), 2 * MIB, 1],
      [leafCid, 3 * MIB, 0],
      [wide, 10, 0],
      // a leaf of another size
      [leafCid, 11, 1],
    ]
    for (const [cid, bytes, most] of cases) {
      const source = playSource('one', theirs)
      const pool = openPool([source], { log })
      const code = await codeOf(fetchFiles({ blocks: mine, pool }, [{ name: 'a', cid, bytes }]))
      pool.close()
      assert.is(code, 'shard_bytes')
      assert.ok(source.asked.length <= most, `${source.asked.length} blocks for ${bytes} bytes`)
    }
  }),
)

fetching('a shard is here once all of it is, and not before', () =>
  withDirectory(async (dir) => {
    const sample = await publishSample(join(dir, 'theirs'), 2_000)
    const envelope = (await sample.store.shards.get(sample.manifest.bytes))!
    const home = await openHome(join(dir, 'mine'))
    const lost = new Set<string>()
    const source = playSource('one', sample.blocks, {
      answer: (cid) => (lost.has(cid.toString()) ? Promise.resolve(null) : null),
    })
    async function fetchIt(maxBytes = 1e9) {
      const pool = openPool([source], { log })
      try {
        return await fetchShard(home, sample.manifest, envelope, { pool, maxBytes })
      } finally {
        pool.close()
      }
    }
    try {
      assert.is(await codeOf(fetchIt(10)), 'shard_large')
      const [file] = await filesOf(sample.blocks, sample.manifest)
      lost.add(file!)
      assert.is(await codeOf(fetchIt()), 'block_missing')
      assert.equal(await home.store.shards.keys().all(), [], 'nothing is listed')
      lost.clear()
      source.asked.length = 0
      const shard = await fetchIt()
      assert.is(shard.pairs.rows, 1_000)
      assert.not(source.asked.includes(sample.manifest.toString()), 'it goes on where it was')
      source.asked.length = 0
      await fetchIt()
      assert.equal(source.asked, [])
    } finally {
      await home.close()
      await sample.store.close()
    }
  }),
)

async function filesOf(blocks: Blocks, manifest: CID): Promise<string[]> {
  const bytes = Buffer.concat(await Array.fromAsync(blocks.get(manifest)))
  return decodeManifest(bytes).files.map(({ cid }) => cid.toString())
}

fetching('gateways give blocks over HTTP, whatever else they answer', () =>
  withDirectory(async (dir) => {
    const theirs = await openBlocks(join(dir, 'theirs'))
    const { file, content } = await storeFile(theirs, 3 * MIB)
    let connections = 0
    const server = createServer(async (request, response) => {
      const [, name] = /^\/ipfs\/(\w+)\?format=raw$/.exec(request.url!)!
      const cid = CID.parse(name!)
      if (name === huge.toString()) return response.end(Buffer.alloc(2 * MIB))
      if (name === broken.toString()) return response.writeHead(503).end('later')
      if (!(await theirs.has(cid))) return response.writeHead(404).end('none')
      response.end(Buffer.concat(await Array.fromAsync(theirs.get(cid))))
    }).on('connection', () => connections++)
    const [none, huge, broken] = ['none', 'huge', 'broken'].map((text) =>
      cidOf(Buffer.from(text), 'raw'),
    ) as [CID, CID, CID]
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const gateway = openGateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    try {
      const mine = await openBlocks(join(dir, 'mine'))
      const pool = openPool([gateway], { log })
      await fetchFiles({ blocks: mine, pool }, [file])
      pool.close()
      assert.ok((await readBack(mine, file.cid)).equals(content))
      assert.is(await gateway.get(none), null)
      assert.is(await codeOf(gateway.get(huge)), 'block_forged')
      assert.is(await codeOf(gateway.get(broken)), 'gateway_status')
      assert.ok(connections <= 8, `${connections}`)
    } finally {
      await gateway.close()
      server.closeAllConnections()
      server.close()
    }
  }),
)

fetching('addresses of gateways: https, or this machine', () => {
  for (const address of [
    'https://a.example',
    'https://a.example/sub/',
    'http://localhost:8080',
    'http://[::1]:1',
  ])
    void openGateway(address).close()
  for (const address of [
    'a.example',
    'http://a.example',
    'http://10.0.0.1',
    'ftp://a',
    'https://u:p@a.example',
    'https://a.example/?x',
    'http://127.0.0.1.example',
  ])
    assert.throws(
      () => openGateway(address),
      (error: { code: string }) => error.code === 'gateway_invalid',
    )
})

fetching.run()
