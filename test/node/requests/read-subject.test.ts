import { hash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readSubject } from '../../../node/requests/read-subject.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { subjectHash } from '../../../protocol/rules/remove.ts'

const test = suite('subjects of requests')

test('a site is its host, however it is written', () => {
  for (const value of ['Photos.example.org', ' https://photos.example.org/a/b?c ', 'photos.example.org.'])
    assert.equal(
      [readSubject({ kind: 'origin', value }).value, readSubject({ kind: 'origin', value }).host],
      ['photos.example.org', 'photos.example.org'],
      value,
    )
})

test('whatever is typed is either refused by a code, or hashed as removals are, again and again', () => {
  const kind = fc.constantFrom('pair', 'url', 'origin', 'image')
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
    fc.domain(),
    fc.stringMatching(/^[0-9a-fA-F]{32}$/),
    fc.ipV6(),
  )
  const property = fc.property(kind, value, (kind, value) => {
    try {
      const subject = readSubject({ kind, value } as Parameters<typeof readSubject>[0])
      const own = subjectHash(subject.kind, subject.value, (bytes) => hash('sha256', bytes, 'buffer'))
      assert.equal(Buffer.from(own!), Buffer.from(subject.hash))
      assert.equal(readSubject(subject).hash, subject.hash)
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error
      assert.is(error.code, 'request_subject')
    }
  })
  fc.assert(property, { numRuns: 300 })
})

test.run()
