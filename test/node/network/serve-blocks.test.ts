import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openLog } from '../../../node/log.ts'
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
  const late = setTimeout(() => resolve(), 10_000)
  await done
  clearTimeout(late)
  assert.is(given.get('quick'), 5)
  for (const [peer, count] of given) if (peer !== 'quick') assert.is(count, 1)
  for (const peer of given.keys()) server.forget(peer)
})

serving.run()
