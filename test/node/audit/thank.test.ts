import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Served, toVerdict } from '../../../node/audit/audit.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { MAX_SERVERS } from '../../../protocol/limits.ts'
import { maxServedBytes } from '../../../protocol/records/verdict.ts'

const frames = { kept: 3, dropped: 8, source: 1 }
const link = cidOf(encode('a'))
const peerOf = (number: number) => new Uint8Array(32).fill(number)

/** What a verdict says of those who gave blocks. */
function thanksFor(servers: Served[]) {
  return toVerdict({ frames, findings: [] }, [], {
    ...{ shard: { cid: link, manifest: { segment: 0 } }, campaign: link, producer: peerOf(1) },
    ...{ epoch: 0, proof: new Uint8Array(64), deviceClass: 'cpu/fp32', servers },
  }).servers
}

const thank = suite('thanks of a verdict')

thank('go to those who gave blocks, in the order of their keys', () => {
  assert.is(thanksFor([]), undefined)
  assert.is(thanksFor([{ peer: peerOf(1), bytes: 0 }]), undefined)
  const [one, two] = [
    { peer: peerOf(1), bytes: 5 },
    { peer: peerOf(2), bytes: 700 },
  ]
  assert.equal(thanksFor([two, one, { peer: peerOf(3), bytes: 0 }]), [one, two])
})

thank('go to those who gave most, where they are many', () => {
  const many = Array.from({ length: MAX_SERVERS + 4 }, (_, i) => ({ peer: peerOf(i + 1), bytes: i + 1 }))
  assert.equal(thanksFor(many), many.slice(4))
})

thank('are for no more than the shard can hold', () => {
  const most = maxServedBytes(frames)
  const [one, two, three] = [1, 2, 3].map((number) => ({ peer: peerOf(number), bytes: most - 10 * number }))
  assert.equal(thanksFor([three!, two!, one!]), [one, { peer: peerOf(2), bytes: 10 }])
})

thank.run()
