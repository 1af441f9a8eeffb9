import { connect } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startGateway } from '../../../node/gateway/gateway.ts'
import { openLog } from '../../../node/log.ts'
import { openTemporary, putRaw } from '../pins/make-dags.ts'

const gateway = suite('start of a gateway')
const log = openLog('silent', 'stderr')

async function start(stack: AsyncDisposableStack) {
  const home = await openTemporary(stack)
  const server = await startGateway({ blocks: home.blocks, listen: { host: '127.0.0.1', port: 0 }, log })
  stack.defer(() => server.close())
  return { home, server }
}

gateway('lines that are no HTTP end one connection alone', async () => {
  await using stack = new AsyncDisposableStack()
  const { home, server } = await start(stack)
  const raw = await putRaw(home, 'block')
  const { hostname, port } = new URL(server.address)
  const socket = connect(Number(port), hostname)
  socket.end('nonsense\r\n\r\n')
  await new Promise((done) =>
    socket
      .setTimeout(120_000, () => socket.destroy())
      .on('close', done)
      .resume(),
  )
  const answer = await fetch(`${server.address}/ipfs/${raw}?format=raw`, {
    signal: AbortSignal.timeout(120_000),
  })
  assert.is(await answer.text(), 'block')
})

gateway('a port that is taken: another one only where that is allowed', async () => {
  await using stack = new AsyncDisposableStack()
  const { home, server } = await start(stack)
  const { hostname: host, port } = new URL(server.address)
  const listen = { host, port: Number(port) }
  const other = await startGateway({ blocks: home.blocks, listen: { ...listen, orAny: true }, log })
  assert.is.not(other.address, server.address)
  await other.close()
  const error = await startGateway({ blocks: home.blocks, listen, log }).catch((error) => error)
  assert.is(error.code, 'gateway_listen')
})

gateway.run()
