import { setTimeout as sleep } from 'node:timers/promises'
import { streamPair } from '@libp2p/utils'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { converse } from '../../node/network/messages.ts'
import { codeOf } from './fault.ts'
import { joinPieces } from './join-pieces.ts'
import { readCases } from './read-vectors.ts'

interface Case {
  message?: (string | number)[]
  length?: string
  frame: (string | number)[]
  error?: true
}

const framing = suite('framing vectors')
const limits = { totalMs: 60_000, idleMs: 60_000 }

for (const { comment, message, length, frame, error } of readCases<Case>('framing')) {
  const bytes = joinPieces(frame)

  framing(`read ${comment}`, async () => {
    const [here, there] = await streamPair()
    there.send(bytes)
    const got = converse(here, limits, ({ read }) => read())
    if (error) {
      // at once: a message that is too long is refused before it comes
      const code = await Promise.race([codeOf(() => got), sleep(20_000, 'it waits', { ref: false })])
      assert.match(String(code), /^request_(oversize|malformed)$/)
    } else assert.ok(Buffer.from(joinPieces(message!)).equals(await got))
    there.abort(new Error('done'))
  })

  if (error) continue
  framing(`write ${comment}`, async () => {
    const [here, there] = await streamPair()
    const parts: Uint8Array[] = []
    there.addEventListener('message', ({ data }) => void parts.push(data.subarray()))
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    there.addEventListener('remoteCloseWrite', () => resolve())
    const written = converse(here, limits, ({ write }) => write(joinPieces(message!)))
    await Promise.race([closed, sleep(60_000, undefined, { ref: false })])
    await there.close()
    await written
    assert.ok(Buffer.concat(parts).equals(bytes))
    assert.ok(
      bytes.subarray(0, length!.length / 2).every((byte, i) => byte === Buffer.from(length!, 'hex')[i]),
    )
  })
}

framing.run()
