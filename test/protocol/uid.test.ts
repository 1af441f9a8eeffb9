import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type PairPlace, pairUid } from '../../protocol/uid.ts'
import { bytesOf, readCases } from './read-vectors.ts'

const uid = suite('pair uid')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const place = {
  warcPath: 'a.warc.gz',
  warcOffset: 1,
  imageOrdinal: 0,
  url: 'https://example.com/é.jpg',
  text: 'an é',
}

uid('is the head of sha256 over dag-cbor of the five', () => {
  // 85: list of 5; 69, 78 1a, 65: texts of 9, 26 and 5 bytes; 01, 00: the numbers
  const bytes = Buffer.concat([
    Buffer.from('8569', 'hex'),
    Buffer.from('a.warc.gz'),
    Buffer.from('0100781a', 'hex'),
    Buffer.from('https://example.com/é.jpg'),
    Buffer.from('65', 'hex'),
    Buffer.from('an é'),
  ])
  assert.is(pairUid(place, sha256), sha256(bytes).slice(0, 32))
})

uid('differs where any of the five does, and nowhere else', () => {
  const changes = [{ warcPath: 'b' }, { warcOffset: 2 }, { imageOrdinal: 1 }, { url: 'x' }, { text: 'an é.' }]
  const all = [place, ...changes.map((change) => ({ ...place, ...change }))].map((one) =>
    pairUid(one, sha256),
  )
  assert.is(new Set(all).size, 6)
  assert.is(pairUid({ ...place, width: 5 } as typeof place, sha256), all[0])
  // what one field loses the next one does not make up for
  assert.is.not(
    pairUid({ ...place, url: 'ab', text: 'c' }, sha256),
    pairUid({ ...place, url: 'a', text: 'bc' }, sha256),
  )
})

for (const { comment, block, uid: expected, ...pair } of readCases<Case>('uid')) {
  uid(`vector: ${comment}`, () => {
    const hashed: Uint8Array[] = []
    const actual = pairUid(pair, (bytes) => {
      hashed.push(bytes)
      return sha256(bytes)
    })
    assert.equal(hashed.map(Buffer.from), [bytesOf(block)].map(Buffer.from))
    assert.is(actual, expected)
  })
}

interface Case extends PairPlace {
  block: string
  uid: string
}

uid.run()
