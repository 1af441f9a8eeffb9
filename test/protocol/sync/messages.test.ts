import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../../protocol/codec.ts'
import {
  type Asking,
  decodeBuckets,
  encodeBuckets,
  readAnswer,
  readRequest,
} from '../../../protocol/sync/messages.ts'
import { codeOf } from '../fault.ts'
import { joinPieces } from '../join-pieces.ts'
import { anyValue, mutantsOf } from '../mutants.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'

type Pieces = (string | number)[]

interface Case {
  side: 'request' | 'answer'
  /** what was asked, of an answer */
  ask?: Asking['ask']
  message: Pieces
  value?: Record<string, unknown>
  error?: string
}

const cases = readCases<Case>('sync-messages')

/** Read a message as the side that gets it does, numbers of buckets included. */
function read({ side, ask }: Pick<Case, 'side' | 'ask'>, message: Uint8Array): object {
  if (side === 'answer') return readAnswer(ask!, message)
  const request = readRequest(message)
  if (request.ask === 'compare') assert.equal(encodeBuckets(decodeBuckets(request.buckets)), request.buckets)
  return request
}

const vectors = suite('vectors of the messages of a sync')

for (const { comment, message, value, error, ...how } of cases) {
  vectors(comment, async () => {
    const bytes = joinPieces(message)
    assert.is(await codeOf(() => read(how, bytes)), error ?? null)
    if (error !== undefined) return
    const expected = Object.fromEntries(Object.entries(value!).map(([name, field]) => [name, restore(field)]))
    // links differ in where their bytes lie, encodings do not
    assert.equal(encode(read(how, bytes)), encode(expected))
    assert.equal(encode(expected), bytes)
  })
}

function restore(field: unknown): unknown {
  return typeof field === 'object' && field !== null && 'bytes' in field
    ? joinPieces(field.bytes as Pieces)
    : fromDagJson(field)
}

vectors.run()

const messages = suite('messages of a sync')

messages('strange ones are refused by one code', async () => {
  const strange = fc.oneof(
    fc.uint8Array(),
    anyValue.map(encode),
    mutantsOf(...cases.map(({ message }) => joinPieces(message)).filter(({ length }) => length < 1000)),
  )
  const places: Pick<Case, 'side' | 'ask'>[] = [
    { side: 'request' },
    ...(['digests', 'compare', 'pull', 'push'] as const).map((ask) => ({ side: 'answer' as const, ask })),
  ]
  const property = fc.asyncProperty(fc.constantFrom(...places), strange, async (how, message) => {
    const code = await codeOf(() => read(how, message))
    if (code === null) assert.equal(encode(read(how, message)), message)
    else assert.is(code, 'sync_message')
  })
  await fc.assert(property, { numRuns: 2000 })
})

messages('a request has a campaign by its link', () => {
  const first = readRequest(joinPieces(cases[0]!.message))
  assert.ok(first.ask === 'digests' && first.campaign instanceof CID)
})

messages.run()
