import fc from 'fast-check'
import { varint } from 'multiformats'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeMessage, encodeMessage } from '../../../node/network/bitswap-message.ts'
import { cidOf } from '../../../protocol/codec.ts'
import { codeOf } from '../../protocol/fault.ts'

const messages = suite('messages of bitswap')

/** A message as it is sent, less its length, which is checked. */
function unframed(bytes: Uint8Array): Uint8Array {
  const [length, prefix] = varint.decode(bytes)
  assert.is(bytes.length, prefix + length)
  return new Uint8Array(bytes.subarray(prefix))
}

const cid = fc.uint8Array({ maxLength: 40 }).map((bytes) => cidOf(bytes, 'raw'))
const message = fc.record({
  wants: fc.array(
    fc.record({
      cid,
      want: fc.constantFrom('block' as const, 'have' as const),
      cancel: fc.boolean(),
      sendDontHave: fc.boolean(),
    }),
  ),
  full: fc.boolean(),
  blocks: fc.array(fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ cid: cidOf(bytes, 'raw'), bytes }))),
  presences: fc.array(fc.record({ cid, has: fc.boolean() })),
})

messages('what is written is read again', () => {
  const property = fc.property(message, (sent) => {
    const got = decodeMessage(unframed(encodeMessage(sent)))
    assert.equal(
      [...got.blocks],
      sent.blocks.map(({ bytes }) => bytes),
    )
    assert.is(got.full, sent.full)
    const named = (entries: { cid: CID }[]) => entries.map((entry) => ({ ...entry, cid: `${entry.cid}` }))
    assert.equal(named(got.wants), named(sent.wants))
    assert.equal(named(got.presences), named(sent.presences))
  })
  fc.assert(property, { numRuns: 300 })
})

messages('anything else has a code, or is a message', async () => {
  const mutant = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([sent, changes, end]) => {
      const bytes = unframed(encodeMessage(sent)).slice()
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
      return end % 3 === 0 ? bytes.subarray(0, end % (bytes.length + 1)) : bytes
    })
  const property = fc.asyncProperty(fc.oneof(fc.uint8Array(), mutant), async (bytes) => {
    const code = await codeOf(() => decodeMessage(bytes))
    assert.ok(code === null || code === 'bitswap_malformed', `${code}`)
  })
  await fc.assert(property, { numRuns: 3_000 })
})

messages('as the specification spells it', async () => {
  const block = cidOf(new TextEncoder().encode('kite'), 'raw')
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const want = { cid: block, want: 'have', cancel: false, sendDontHave: true } as const
  const name = hex(block.bytes)
  assert.is(hex(encodeMessage({ wants: [want] })), `300a2e0a2c0a24${name}100120012801`)
  const bytes = new TextEncoder().encode('kite')
  assert.is(hex(encodeMessage({ blocks: [{ cid: block, bytes }] })), '0e1a0c0a040155122012046b697465')
  assert.is(hex(encodeMessage({ presences: [{ cid: block, has: false }] })), `2a22280a24${name}1001`)
  const negative = Buffer.from(`0a330a310a24${name}10ffffffffffffffffff01`, 'hex')
  assert.is(`${decodeMessage(negative).wants[0]?.cid}`, `${block}`, 'a priority below zero')
  const later = Buffer.from('1206616263646566500152020102', 'hex')
  assert.equal(decodeMessage(later), { wants: [], full: false, blocks: [], presences: [] }, 'unknown fields')
})

messages.run()
