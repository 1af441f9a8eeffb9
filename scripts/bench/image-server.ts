import { createServer } from 'node:http'
import { generateJpegs } from './generate-images.ts'

/**
 * A web of pictures in a process of its own: any path of any host is one of `COUNT` JPEGs, except the files
 * that opt out, which no host has. Tells its port when it listens, and its CPU time when asked.
 */
const COUNT = 48

const pictures = await generateJpegs(1, COUNT)
const server = createServer((request, response) => {
  const path = request.url ?? '/'
  if (/^\/(?:robots\.txt|ai\.txt|\.well-known\/.*)$/.test(path)) return void response.writeHead(404).end()
  const picture = pictures[Number(/\d+/.exec(path)?.[0] ?? 0) % COUNT]
  response.writeHead(200, { 'content-type': 'image/jpeg' }).end(picture)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMs: (user + system) / 1000 })
})
process.on('disconnect', () => process.exit())
