import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Orders, Told } from './stages-driver.ts'

const DRIVER = fileURLToPath(new URL('./stages-driver.ts', import.meta.url))
const LIMIT_MS = 240_000
const HOSTS = 50

const stages = suite('stages')

/** Pictures of so many bytes, each answered after a while, collected in a process of its own. */
async function collectPictures(bytes: number, order: Omit<Orders, 'hosts'>, headers: Record<string, string>) {
  const body = Buffer.alloc(bytes, 1)
  let requests = 0
  let peakRequests = 0
  const server = createServer((request, response) => {
    if (/^\/(?:robots\.txt|ai\.txt|\.well-known\/.*)$/.test(request.url ?? ''))
      return void response.writeHead(404).end()
    peakRequests = Math.max(peakRequests, ++requests)
    response.on('close', () => requests--)
    response.writeHead(200, headers)
    setTimeout(() => response.end(body), 20)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const hosts = Object.fromEntries(Array.from({ length: HOSTS }, (_, i) => [`h${i}.example`, to]))
  const child = fork(DRIVER, [JSON.stringify({ ...order, hosts } satisfies Orders)], { timeout: LIMIT_MS })
  try {
    const [told] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([status]) => assert.unreachable(`it ended with ${status}`)),
    ])) as [Told]
    return { ...told, peakRequests }
  } finally {
    child.kill()
    server.closeAllConnections()
    server.close()
  }
}

stages('hold few of many large pictures that wait for the decoder', async () => {
  const order = { pictures: 200, decodeMs: 50 }
  for (const headers of [{ 'content-length': '9000000' }, {}] as Record<string, string>[]) {
    const { settled, peakRssMiB } = await collectPictures(9_000_000, order, headers)
    assert.is(settled, order.pictures)
    assert.ok(peakRssMiB < 450, `${peakRssMiB} MiB`)
  }
})

stages('ask for ordinary pictures as many at once as they may', async () => {
  const order = { pictures: 600, decodeMs: 1 }
  const { settled, peakRequests } = await collectPictures(200_000, order, {})
  assert.is(settled, order.pictures)
  assert.is(peakRequests, 32)
})

stages.run()
