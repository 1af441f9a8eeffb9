import fc from 'fast-check'

/** Valid bytes with a few of them changed, cut out, doubled or put in. */
export function mutantsOf(...originals: Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.integer({ min: 0, max: 4 }),
    put: fc.uint8Array({ maxLength: 4 }),
  })
  return fc
    .record({
      original: fc.constantFrom(...originals),
      edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
    })
    .map(({ original, edits }) =>
      edits.reduce((bytes, { at, drop, put }) => {
        const place = Math.floor(at * bytes.length)
        return new Uint8Array(Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + drop)]))
      }, original),
    )
}

const text = fc.string({ unit: 'binary' }).filter((string) => !string.startsWith('\ufeff'))

/** DAG-CBOR values of every kind but links. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    text,
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value
