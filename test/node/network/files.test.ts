import { randomFillSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { streamPair } from '@libp2p/utils'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_FILES } from '../../../node/network/limits.ts'
import { converse } from '../../../node/network/messages.ts'
import type { Answers, Network } from '../../../node/network/network.ts'
import { codeOf } from '../../protocol/fault.ts'
import { bytes, campaignOf, startNode, until } from './start-node.ts'

const files = suite('files')

const MIB = 1024 * 1024
const SHA256 = 'ab'.repeat(32)
const NOTHING: Answers = {
  record: async () => bytes('a claim'),
  campaign: async () => null,
  file: () => null,
  sync: async () => {},
}

/** A node that asks, and one that gives this. */
async function startTwo(stack: AsyncDisposableStack, file: Answers['file']): Promise<[Network, Network]> {
  const [asker, giver] = [await startNode(stack), await startNode(stack, { answers: { ...NOTHING, file } })]
  await asker.dial(giver.addresses()[0]!)
  return [asker, giver]
}

async function* pour(pieces: number, counted?: { given: number; ended: boolean }) {
  try {
    for (let i = 0; i < pieces; i++) {
      if (counted) counted.given++
      yield new Uint8Array(MIB).fill(i)
    }
  } finally {
    if (counted) counted.ended = true
  }
}

files('a file from an offset, in pieces; or nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const body = randomFillSync(new Uint8Array(3 * MIB + 17))
  const [asker, giver] = await startTwo(stack, (sha256, offset, from) => {
    assert.is(from, asker.peerId)
    return sha256 === SHA256 ? stream(offset) : null
  })
  async function* stream(offset: number) {
    yield new Uint8Array()
    yield body.subarray(offset)
  }
  for (const offset of [0, 1, MIB, body.length]) {
    const parts = await Array.fromAsync(asker.askFile(giver.peerId, { sha256: SHA256, offset }))
    assert.ok(Buffer.concat(parts).equals(body.subarray(offset)), `${offset}`)
    assert.ok(parts.every(({ length }) => length <= MIB))
  }
  assert.equal(await Array.fromAsync(asker.askFile(giver.peerId, { sha256: 'cd'.repeat(32), offset: 0 })), [])
})

files('who takes it slowly makes the giver wait, and others are answered at once', async () => {
  await using stack = new AsyncDisposableStack()
  const counted = { given: 0, ended: false }
  const [asker, giver] = await startTwo(stack, () => pour(100, counted))
  let taken = 0
  for await (const part of asker.askFile(giver.peerId, { sha256: SHA256, offset: 0 })) {
    taken += part.length
    if (taken !== MIB) continue
    await sleep(500)
    const begin = Date.now()
    assert.equal(await asker.askRecord(giver.peerId, campaignOf('files'), 1), bytes('a claim'))
    assert.ok(Date.now() - begin < 10_000)
    assert.ok(counted.given < 12, `${counted.given} MiB were given to somebody who took one`)
  }
  assert.is(taken, 100 * MIB)
})

files('who has enough ends it on both sides', async () => {
  await using stack = new AsyncDisposableStack()
  const counted = { given: 0, ended: false }
  const [asker, giver] = await startTwo(stack, () => pour(1e6, counted))
  for await (const _ of asker.askFile(giver.peerId, { sha256: SHA256, offset: 0 })) break
  await until('the giver has ended', () => counted.ended)
  const signal = AbortSignal.timeout(200)
  const take = Array.fromAsync(
    asker.askFile(giver.peerId, { sha256: SHA256, offset: 0 }, { signal }),
    () => 0,
  )
  assert.is(await codeOf(() => take), 'request_aborted')
})

files('few are given at once, whoever asks; the others are refused, and get it later', async () => {
  await using stack = new AsyncDisposableStack()
  const held = Promise.withResolvers<void>()
  let giving = 0
  const [asker, giver] = await startTwo(stack, async function* () {
    giving++
    yield bytes('some')
    await held.promise
  })
  const other = await startNode(stack)
  await other.dial(giver.addresses()[0]!)
  const ask = async (node: Network) =>
    Buffer.concat(await Array.fromAsync(node.askFile(giver.peerId, { sha256: SHA256, offset: 0 }))).toString()
  const firsts = Array.from({ length: MAX_FILES }, () => ask(asker))
  await until('as many are given', () => giving === MAX_FILES)
  assert.is(await codeOf(() => ask(other)), 'request_failed')
  held.resolve()
  assert.equal(await Promise.all(firsts), Array(MAX_FILES).fill('some'))
  await until('there is room', async () => (await codeOf(() => ask(other))) === null)
})

files('what breaks on the giver’s side is no end', async () => {
  await using stack = new AsyncDisposableStack()
  const [asker, giver] = await startTwo(stack, async function* () {
    yield bytes('some')
    throw new Error('the disk is gone')
  })
  const got: Uint8Array[] = []
  const take = async () => {
    for await (const part of asker.askFile(giver.peerId, { sha256: SHA256, offset: 0 })) got.push(part)
  }
  assert.is(await codeOf(take), 'request_failed')
  assert.is(Buffer.concat(got).toString(), 'some')
})

files('a pace: what drips is ended, what flows goes on beyond any total', async () => {
  // more than come within the total
  const MOST = 150
  const listen = async (every: number, length: number) => {
    const [here, there] = await streamPair()
    const timer = setInterval(() => {
      if (there.status === 'open') there.send(Uint8Array.of(length, ...new Uint8Array(length)))
    }, every)
    let messages = 0
    const code = await codeOf(() =>
      converse(here, { totalMs: 1_000, idleMs: 5_000, pace: 1000 }, async ({ read }) => {
        while (messages < MOST) {
          await read()
          messages++
        }
      }),
    )
    clearInterval(timer)
    return { code, messages }
  }
  const drip = await listen(10, 1)
  assert.is(drip.code, 'request_timeout')
  assert.ok(drip.messages < MOST)
  assert.equal(await listen(10, 100), { code: null, messages: MOST })
})

files.run()
