import { createHash } from 'node:crypto'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Context,
  cutAfter,
  giveModels,
  holdsModel,
  makePeers,
  obtain,
  REPO,
  refusal,
  VISION,
  wrong,
} from './model-origins.ts'

const test = suite<Context>('origin of a model')
giveModels(test)

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

test('after the peers, the origin: it goes on where they stopped, and lies of theirs are no hindrance', async (context) => {
  const { peers } = makePeers(context, { cut: cutAfter(20) })
  const { directory } = await obtain(context, { peers, offline: false }, REPO)
  await holdsModel(directory, context.files)
  assert.is(context.requests.length, 1)
  assert.is(context.requests[0], `${VISION} bytes=100-`)
  await rm(directory, { recursive: true })
  const poisoned = makePeers(context, { poison: cutAfter(100, wrong) })
  await obtain(context, { peers: poisoned.peers, offline: false }, REPO)
  await holdsModel(directory, context.files)
  assert.is(context.requests.at(-1), VISION)
})

test('an origin with other files is told from the right one, by length and by hash', async (context) => {
  const other = await readFile(join(context.directory, VISION))
  other[other.length - 1]! ^= 1
  await writeFile(join(context.directory, VISION), other)
  const wanted = context.files.find(({ path }) => path === VISION)!
  const error = await refusal(obtain(context, { offline: false }, REPO))
  assert.is(error.code, 'campaign_model')
  assert.ok(error.message.includes(`has sha256 ${sha256(other)}, and should have ${wanted.sha256}`))
  await appendFile(join(context.directory, VISION), 'x')
  const { message } = await refusal(obtain(context, { offline: false }, REPO))
  assert.ok(message.includes(`it has ${wanted.bytes + 1} bytes, and should have ${wanted.bytes}`), message)
  context.meddle = (_, res) => {
    // no length is given, and no end
    res.writeHead(200)
    const pour = () => void (res.destroyed || res.write(Buffer.alloc(1000), () => setImmediate(pour)))
    pour()
    return true
  }
  assert.match((await refusal(obtain(context, { offline: false }, REPO))).message, /longer than \d+ bytes/)
})

test('an origin that is not asked, or not there', async (context) => {
  assert.match((await refusal(obtain(context, {}, REPO))).message, /since this node is offline/)
  assert.equal(context.requests, [])
  await new Promise((resolve) => context.server.close(resolve))
  const { message } = await refusal(obtain(context, { offline: false }, REPO))
  assert.match(message, /can't reach the server \(ECONNREFUSED\).*--model and a directory/)
})

test.run()
