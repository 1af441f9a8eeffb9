// @helia/verified-fetch as its documentation uses it: a file of a shard from one trustless gateway.
// node verified-fetch.mjs GATEWAY CID → one line of JSON: the sha256 of the file
import { createHash } from 'node:crypto'
import { withHTTP } from '@helia/http'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'

const [gateway, cid] = process.argv.slice(2)
const verifiedFetch = await createVerifiedFetch(
  await withHTTP(createHeliaLight(), {
    // without one, Helia looks for providers for ever; it has none to name
    delegatedRouters: [gateway],
    recursiveGateways: [gateway],
    allowInsecure: true,
    allowLocal: true,
  }).start(),
)
const response = await verifiedFetch(`ipfs://${cid}`)
const bytes = new Uint8Array(await response.arrayBuffer())
console.log(
  JSON.stringify({ status: response.status, sha256: createHash('sha256').update(bytes).digest('hex') }),
)
await verifiedFetch.stop()
