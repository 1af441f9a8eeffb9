import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unixfs } from '@helia/unixfs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Daemon, startDaemon } from '../node/daemon/daemon.ts'
import { openLog } from '../node/log.ts'
import { readShard } from '../node/shard/shard.ts'
import { publishSample } from './node/shard/sample.ts'

/** So many that both files are of several blocks. */
const ROWS = 20_000
const CLIENT_MS = 300_000

const run = promisify(execFile)
const clients = suite("others' clients")

let dir = ''
let daemon: Daemon
let gateway = ''
let manifest = ''
/** sha256 of each of the shard's files, by name; and their CIDs */
let hashes: Record<string, string> = {}
let cids: Record<string, string> = {}

clients.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-interop-'))
  const shard = await publishSample(dir, ROWS)
  manifest = shard.manifest.toString()
  const { files } = (await readShard(shard, shard.manifest)).manifest
  cids = Object.fromEntries(files.map(({ name, cid }) => [name, cid.toString()]))
  for (const { name, cid } of files) {
    const hash = createHash('sha256')
    for await (const part of unixfs({ blockstore: shard.blocks }).cat(cid)) hash.update(part)
    hashes = { ...hashes, [name]: hash.digest('hex') }
  }
  await shard.store.close()
  // where a node keeps it
  await rename(join(dir, 'store'), join(dir, 'db'))
  daemon = await startDaemon({
    ...{ dataDir: dir, log: openLog('silent', 'stderr'), clock: Date.now, withoutAudits: true },
    ...{ threads: 1, segments: 0, hours: null, diskBytes: null, bytesPerSecond: null, model: null },
    ...{ offline: true, listen: ['/ip4/127.0.0.1/tcp/0'], local: true, peers: [], loopback: { hosts: {} } },
    gateway: { host: '127.0.0.1', port: 0 },
  })
  gateway = (await daemon.status()).gateway!
})

clients.after(async () => {
  await daemon?.stop()
  await rm(dir, { recursive: true, force: true })
})

/** What a client says in its last line. */
async function ask(client: string, ...args: string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(`./interop/clients/${client}.mjs`, import.meta.url))
  const { stdout } = await run(process.execPath, [script, ...args], { timeout: CLIENT_MS })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

clients('a Helia node gets a shard over bitswap', async () => {
  const { addresses } = await daemon.status()
  assert.equal(await ask('helia', addresses[0]!, manifest), hashes)
})

clients('@helia/verified-fetch gets its files from the gateway', async () => {
  for (const [name, cid] of Object.entries(cids))
    assert.equal(await ask('verified-fetch', gateway, cid), { status: 200, sha256: hashes[name] }, name)
})

const ipfs = (process.env.PATH ?? '').split(delimiter).find((path) => existsSync(join(path, 'ipfs')))
if (ipfs === undefined) console.log('    skipped: Kubo, for there is no ipfs on the PATH')
else
  clients('Kubo gets a shard over bitswap', async () => {
    const env = { ...process.env, IPFS_PATH: join(dir, 'kubo') }
    const kubo = async (...args: string[]) =>
      (await run('ipfs', args, { env, timeout: CLIENT_MS, encoding: 'buffer', maxBuffer: 2 ** 28 })).stdout
    await kubo('init', '--profile', 'test')
    const { addresses } = await daemon.status()
    await kubo('config', '--json', 'Peering.Peers', JSON.stringify(peersOf(addresses[0]!)))
    const node = execFile('ipfs', ['daemon'], { env })
    try {
      for (const [name, cid] of Object.entries(cids)) {
        const bytes = await kubo('cat', cid)
        assert.is(createHash('sha256').update(bytes).digest('hex'), hashes[name], name)
      }
    } finally {
      node.kill()
    }
  })

function peersOf(address: string): { ID: string; Addrs: string[] }[] {
  const [addr, id] = address.split('/p2p/') as [string, string]
  return [{ ID: id, Addrs: [addr] }]
}

clients.run()
