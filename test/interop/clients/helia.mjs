// A Helia node as its documentation makes one: a shard's manifest, then its files, over bitswap from one address.
// node helia.mjs MULTIADDR CID → one line of JSON: the sha256 of each file
import { createHash } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { decode } from '@ipld/dag-cbor'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

const [address, cid] = process.argv.slice(2)
const helia = await withBitswap(
  withLibp2pLight(createHeliaLight(), {
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  }),
).start()
await helia.libp2p.dial(multiaddr(address))

const chunks = []
for await (const chunk of helia.blockstore.get(CID.parse(cid))) chunks.push(chunk)
const manifest = decode(Buffer.concat(chunks))
const files = {}
for (const { name, cid } of manifest.files) {
  const hash = createHash('sha256')
  for await (const chunk of unixfs(helia).cat(cid)) hash.update(chunk)
  files[name] = hash.digest('hex')
}
console.log(JSON.stringify(files))
await helia.stop()
