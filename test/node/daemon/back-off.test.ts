import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gzipEach, httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'
import { startProcesses, until } from './start-processes.ts'

const RETRY_AFTER_S = 600
/** more than the first node does before it is told to pause */
const SEGMENTS = 20
const backOff = suite('back-off')

/** Archives of one page whose picture lies on a host that is busy for all of them. */
async function playBusyHost() {
  let asked = 0
  const server = createServer(({ headers: { host }, url }, response) => {
    if (host === 'archive.example') {
      const page = `<img src="http://busy.example${url}.jpg" alt="a picture of a bell">`
      const uri = { 'WARC-Target-URI': `http://pages.example${url}` }
      response.end(gzipEach([warcinfo(), warcRecord(httpResponse(`<html><body>${page}</body></html>`), uri)]))
      return
    }
    if (/^\/(?:robots\.txt|ai\.txt|\.well-known\/.*)$/.test(url ?? ''))
      return void response.writeHead(404).end()
    asked++
    response.writeHead(429, { 'retry-after': String(RETRY_AFTER_S) }).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    hosts: { 'archive.example': to, 'busy.example': to },
    asked: () => asked,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

backOff('of a host that one node met is kept by another, which never asks', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-back-off-'))
  const host = await playBusyHost()
  const quick = { contentionMs: 200, syncEveryMs: 1_000 }
  const processes = startProcesses(dir, { loopback: { hosts: host.hosts }, ...quick })
  try {
    const first = await processes.start('first', { idle: true })
    const second = await processes.start('second', { idle: true, peers: [first.address] })
    const list = join(dir, 'list.txt')
    await writeFile(list, Array.from({ length: SEGMENTS }, (_, i) => `${i}.warc.gz\n`).join(''))
    const { campaign } = await first.ask('create', {
      ...{ name: 'busy', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
      ...{ files: [list], kind: null, base: 'http://archive.example/', parts: 1 },
    })
    await second.ask('join', { cid: campaign, peer: null })
    await until('each knows the other', async () =>
      (await Promise.all([first.ask('peers'), second.ask('peers')])).every((peers) => peers.length > 0),
    )
    await first.ask('resume')
    await until('the first has done a segment', () => first.endings.some(({ how }) => how === 'done'))
    await first.ask('pause')
    await until(
      'the first has put down what it had taken',
      async () => (await first.ask('status')).work.length === 0,
    )
    const done = first.endings.filter(({ how }) => how === 'done').length
    assert.ok(done < SEGMENTS, 'the first was paused before it did all')
    await until('the second knows', async () => {
      const { counts } = (await second.ask('status')).campaigns[0]!
      return counts!.done === done && counts!.held === 0
    })
    const before = host.asked()
    assert.ok(before > 0)
    await second.ask('resume')
    const other = await until('the second has done one', () =>
      second.endings.find(({ how }) => how === 'done'),
    )
    assert.is(host.asked(), before)
    assert.ok('manifest' in other)
    const shard = (await second.ask('showShard', [other.manifest]))!
    assert.equal(shard.outcomes, { http_status: 1 })
  } catch (error) {
    console.error(await processes.tails())
    throw error
  } finally {
    await processes.killAll()
    await host.close()
    await rm(dir, { recursive: true })
  }
})

backOff.run()
