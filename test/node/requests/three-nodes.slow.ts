import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { readReceiptFile } from '../../../node/requests/requests.ts'
import { makeDir, until } from '../network/start-node.ts'

const test = suite('requests at three nodes')
const PHOTO = 'https://photos.example.org/me.jpg'
/** By when all have heard of it: they do within a minute, but on a busy machine. */
const LATE_MS = 300_000

async function start(stack: AsyncDisposableStack) {
  const dataDir = await makeDir(stack)
  const daemon = await startDaemon({
    ...{ dataDir, model: null, threads: 1, segments: 1, hours: null, diskBytes: null, bytesPerSecond: null },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], local: true, offline: true, loopback: { hosts: {} } },
    ...{ clock: Date.now, log: openLog('silent', 'stderr'), gateway: { host: '127.0.0.1', port: 0 } },
  })
  stack.defer(() => daemon.stop())
  daemon.pause()
  const { gateway, addresses, peerId } = await daemon.status()
  const read = async (path: string) => {
    const answer = await fetch(`${gateway}${path}`, { signal: AbortSignal.timeout(120_000) })
    return answer.status === 200 ? await answer.text() : ''
  }
  const post = (path: string, form: Record<string, string>) =>
    fetch(`${gateway}${path}`, {
      ...{ method: 'POST', body: new URLSearchParams(form), redirect: 'manual' },
      ...{ headers: { origin: gateway! }, signal: AbortSignal.timeout(120_000) },
    })
  return { daemon, dataDir, read, post, address: addresses[0]!, peerId }
}

test('asked for at one gateway: every other tells its state, and the custodian decides', async () => {
  await using stack = new AsyncDisposableStack()
  const organiser = await start(stack)
  const list = join(organiser.dataDir, 'list.txt')
  await writeFile(list, 'a.warc.gz\n')
  const { campaign } = await organiser.daemon.create({
    ...{ name: 'three', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
    ...{ files: [list], kind: null, base: 'http://archive.example/', parts: 1 },
  })
  const others = [await start(stack), await start(stack)]
  const [first, second] = others as [(typeof others)[number], (typeof others)[number]]
  for (const { daemon } of others) await daemon.join(campaign, organiser.address)

  const asked = await first.post('/optout', { kind: 'url', values: PHOTO, reason: 'privacy', contact: 'me' })
  assert.is(asked.status, 303)
  const path = asked.headers.get('location')!
  const request = path.split(/[/?]/)[3]!
  const { receipt, node } = await readReceiptFile(await first.read(path.replace('status', 'receipt')))
  assert.equal([receipt.request, node], [request, first.peerId])
  for (const { read } of [organiser, second]) {
    await until('it is known there', async () => /Hidden until/.test(await read(path)), LATE_MS)
    const page = await read(path)
    assert.ok(page.includes(first.peerId), 'who took it')
    assert.not.ok(page.includes(PHOTO), 'the address stays at the node that was asked')
  }

  const [review] = await organiser.daemon.requests.reviews()
  assert.equal([review!.request, review!.contact], [request, null])
  await organiser.daemon.requests.decide(request, 'confirm')
  for (const { read } of [organiser, ...others])
    await until('it is decided there', async () => /Removed for good/.test(await read(path)), LATE_MS)
})

test.run()
