import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeMarks } from '../../../node/store/store.ts'

const marks = suite('marks')
const hashOf = (i: number) => createHash('sha256').update(`${i}`).digest()

marks('hold what was added, by tag, however many there are', () => {
  const set = makeMarks()
  const count = 10_000
  for (let i = 0; i < count; i++) assert.ok(set.add(hashOf(i), i % 3))
  assert.is(set.size, count)
  for (let i = 0; i < count; i++) {
    assert.not(set.add(hashOf(i), i % 3))
    assert.ok(set.has(hashOf(i), i % 3))
    assert.not(set.has(hashOf(i), 4))
    assert.not(set.has(hashOf(count + i)))
  }
  assert.is(set.size, count)
})

marks('know short multihashes and zeros', () => {
  const set = makeMarks()
  assert.ok(set.add(new Uint8Array(34)))
  assert.not(set.add(new Uint8Array(34)))
  assert.ok(set.add(Uint8Array.of(1, 2)))
  assert.ok(set.has(Uint8Array.of(1, 2)))
  assert.not(set.has(Uint8Array.of(2, 1)))
})

marks.run()
