import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifySignature } from '../../../node/identity.ts'
import { encode } from '../../../protocol/codec.ts'
import { type Opened, open } from '../../../protocol/envelope.ts'
import { codeOf } from '../fault.ts'
import { anyValue, mutantsOf } from '../mutants.ts'
import { bytesOf, fromDagJson, readCases, toDagJson } from '../read-vectors.ts'

interface Case {
  envelope: string
  id?: string
  value?: unknown
  error?: string
}

/** Run the vectors of a kind of record, and throw bodies at its decoder that nobody would write. */
export function testRecord(
  kind:
    | 'attestation'
    | 'backoff'
    | 'campaign'
    | 'claim'
    | 'feed'
    | 'head'
    | 'receipt'
    | 'release'
    | 'removal'
    | 'shard'
    | 'verdict',
  decodeRecord: (record: Opened) => object,
): void {
  const cases = readCases<Case>(kind)

  const vectors = suite(`${kind} vectors`)
  for (const { comment, envelope, id, value, error } of cases) {
    vectors(comment, async () => {
      const opened = await open(bytesOf(envelope), verifySignature)
      assert.is(await codeOf(() => decodeRecord(opened)), error ?? null)
      if (error !== undefined) return
      assert.is(opened.id.toString(), id)
      assert.equal(toDagJson(decodeRecord(opened)), value)
      assert.equal(encode(decodeRecord(opened)), opened.body)
    })
  }
  vectors.run()

  const bodies = suite(`${kind} bodies`)
  bodies('strange ones are refused by a code', async () => {
    const records = await Promise.all(cases.map(({ envelope }) => open(bytesOf(envelope), verifySignature)))
    const [first] = records as [Opened]
    const strange = fc.oneof(
      fc.uint8Array(),
      mutantsOf(...records.map(({ body }) => body)),
      anyValue.map(encode),
      changed(fromDagJson(cases[0]?.value) as object),
    )
    const property = fc.asyncProperty(strange, async (body) => {
      const record = { ...first, body }
      const code = await codeOf(() => decodeRecord(record))
      if (code === null) assert.equal(encode(decodeRecord(record)), body)
      else assert.match(code, new RegExp(`^(codec|${kind})_`))
    })
    await fc.assert(property, { numRuns: 2000 })
  })
  bodies.run()
}

/** The bodies of a valid record in which one field, at any depth, has any value. */
function changed(value: object): fc.Arbitrary<Uint8Array> {
  const places = pathsOf(value)
  return fc
    .tuple(fc.constantFrom(...places), anyValue)
    .map(([path, put]) => encode(replaced(value, path, put)))
}

function pathsOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || 'asCID' in value)
    return []
  return Object.entries(value).flatMap(([name, field]) => [
    [name],
    ...pathsOf(field).map((path) => [name, ...path]),
  ])
}

function replaced(value: unknown, [name, ...rest]: string[], put: unknown): unknown {
  if (name === undefined) return put
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) }
  return Object.assign(copy, { [name]: replaced((value as Record<string, unknown>)[name], rest, put) })
}
