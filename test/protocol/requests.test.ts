import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../protocol/codec.ts'
import { makeQuestion, type Question, type QuestionKind, readQuestion } from '../../protocol/requests.ts'
import { codeOf } from './fault.ts'
import { joinPieces } from './join-pieces.ts'
import { anyValue, mutantsOf } from './mutants.ts'
import { fromDagJson, readCases, toDagJson } from './read-vectors.ts'

interface Case {
  kind: QuestionKind
  message: (string | number)[]
  value?: unknown
  error?: string
}

const cases = readCases<Case>('requests')

const vectors = suite('vectors of questions')

for (const { comment, kind, message, value, error } of cases) {
  vectors(comment, async () => {
    const bytes = joinPieces(message)
    assert.is(await codeOf(() => readQuestion(kind, bytes)), error ?? null)
    if (error !== undefined) return
    assert.equal(toDagJson(readQuestion(kind, bytes)), value)
    assert.equal(makeQuestion(kind, fromDagJson(value) as Question<QuestionKind>), bytes)
  })
}

vectors('what no node answers is not asked', async () => {
  const asks = [
    () => makeQuestion('file', { sha256: 'ab', offset: 0 }),
    () => makeQuestion('file', { sha256: 'ab'.repeat(32), offset: -1 }),
    () => makeQuestion('file', { sha256: 'ab'.repeat(32), offset: 0, length: 1 } as never),
  ]
  const codes = await Promise.all(asks.map(codeOf))
  assert.equal(codes, ['request_field', 'request_field', 'request_unknown_field'])
})

vectors.run()

const questions = suite('questions')

questions('strange ones are refused by a code', async () => {
  const strange = fc.oneof(
    fc.uint8Array(),
    anyValue.map(encode),
    mutantsOf(...cases.map(({ message }) => joinPieces(message)).filter(({ length }) => length < 1000)),
  )
  const kinds = fc.constantFrom<QuestionKind>('record', 'campaign', 'file')
  const property = fc.asyncProperty(kinds, strange, async (kind, message) => {
    const code = await codeOf(() => readQuestion(kind, message))
    if (code === null) assert.equal(makeQuestion(kind, readQuestion(kind, message)), message)
    else assert.match(code, /^(request|codec)_/)
  })
  await fc.assert(property, { numRuns: 2000 })
})

questions.run()
