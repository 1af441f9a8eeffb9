import { varint } from 'multiformats'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openLog } from '../../../node/log.ts'
import { decodeMessage } from '../../../node/network/bitswap-message.ts'
import { MAX_BLOCK_ANSWERS } from '../../../node/network/limits.ts'
import { serveBlocks } from '../../../node/network/serve-blocks.ts'
import { cidOf } from '../../../protocol/codec.ts'

const serving = suite('giving blocks')

const BLOCK = new Uint8Array(700_000)
/** Each fills a message. */
const wantsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ cid: cidOf(Uint8Array.of(i), 'raw'), want: 'block' as const, cancel: false, sendDontHave: true },
  }))

serving('peers that take no answer hold nobody up, and get one', async () => {
  const given = new Map<string, number>()
  const { promise: never } = Promise.withResolvers<void>()
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const blocks = {
    has: async () => true,
    get: async function* () {
      yield BLOCK
    },
  }
  const server = serveBlocks(
    blocks as never,
    async (peer) => {
      given.set(peer, (given.get(peer) ?? 0) + 1)
      if (peer.startsWith('deaf')) await never
      if (given.get('quick') === 5) resolve()
    },
    openLog('silent', 'stderr'),
  )
  for (let i = 0; i < 4 * MAX_BLOCK_ANSWERS; i++) await server.want(`deaf ${i}`, wantsOf(5), false)
  await server.want('quick', wantsOf(5), false)
  const late = setTimeout(() => resolve(), 60_000)
  await done
  clearTimeout(late)
  assert.is(given.get('quick'), 5)
  for (const [peer, count] of given) if (peer !== 'quick') assert.is(count, 1)
  for (const peer of given.keys()) server.forget(peer)
})

serving('what is kept from a peer is not here for it, whichever way it asks', async () => {
  const answers = new Map<string, Uint8Array>()
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const [kept, open] = [cidOf(Uint8Array.of(1), 'raw'), cidOf(Uint8Array.of(2), 'raw')]
  const server = serveBlocks(
    {
      has: async () => true,
      get: async function* (cid: { equals(other: unknown): boolean }) {
        yield Uint8Array.of(cid.equals(kept) ? 1 : 2)
      },
    } as never,
    async (peer, message) => {
      answers.set(peer, message)
      if (answers.size === 4) resolve()
    },
    openLog('silent', 'stderr'),
    (peer, cid) => peer.startsWith('stranger') && cid.equals(kept),
  )
  for (const want of ['block', 'have'] as const)
    for (const peer of ['stranger', 'member'])
      await server.want(
        `${peer} ${want}`,
        [kept, open].map((cid) => ({ cid, want, cancel: false, sendDontHave: true })),
        false,
      )
  const late = setTimeout(() => resolve(), 60_000)
  await done
  clearTimeout(late)
  const told = (name: string) => {
    const { blocks, presences } = decodeMessage(
      answers.get(name)!.subarray(varint.decode(answers.get(name)!)[1]),
    )
    return [blocks.length, presences.map(({ has }) => has)]
  }
  assert.equal(told('stranger block'), [1, [false]])
  assert.equal(told('stranger have'), [0, [false, true]])
  assert.equal(told('member block'), [2, []])
  assert.equal(told('member have'), [0, [true, true]])
})

serving.run()
