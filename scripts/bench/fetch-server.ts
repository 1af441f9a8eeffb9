/** What is fetched, in a process of its own: over HTTP as a file and as blocks of a node's gateway, over libp2p as a stream and by bitswap. */
process.on('disconnect', () => process.exit())

import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startGateway } from '../../node/gateway/gateway.ts'
import { openLog } from '../../node/log.ts'
import { openBlocks } from '../../node/store/store.ts'
import { STREAM, startBenchNode } from './fetch-node.ts'

const [dir, path] = process.argv.slice(2) as [string, string]
const blocks = await openBlocks(dir)
const server = createServer((_request, response) => void createReadStream(path).pipe(response))
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
const gateway = await startGateway({
  ...{ blocks, listen: { host: '127.0.0.1', port: 0 }, log: openLog('silent', 'stderr') },
})
const { network, libp2p } = await startBenchNode(dir, blocks)
await libp2p.handle(STREAM, async (stream) => {
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    if (!stream.send(bytes)) await stream.onDrain()
  await stream.close()
})
process.send!({
  ...{ port: (server.address() as AddressInfo).port, gateway: gateway.address },
  ...{ node: network.addresses()[0], stream: libp2p.getMultiaddrs()[0]!.toString() },
})
