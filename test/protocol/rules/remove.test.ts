import { hash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifySignature } from '../../../node/identity.ts'
import { open } from '../../../protocol/envelope.ts'
import { decodeRemoval } from '../../../protocol/records/removal.ts'
import { decisive, subjectsInForce } from '../../../protocol/rules/in-force.ts'
import {
  type RemovableRow,
  removerOf,
  rootOf,
  type SubjectKind,
  subjectHash,
} from '../../../protocol/rules/remove.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

type Case =
  | { kind: SubjectKind; name: string; hash: string | null }
  | { now: number; removals: string[]; row: RemovableRow; root: string | null; removed: boolean }

const sha256 = (bytes: Uint8Array) => new Uint8Array(hash('sha256', bytes, 'buffer'))
const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex')
const remove = suite('remove')
const cases = readCases<Case>('remove')

for (const one of cases)
  remove(one.comment, async () => {
    if ('kind' in one) return assert.is(hex(subjectHash(one.kind, one.name, sha256)), one.hash)
    const removals = await Promise.all(
      one.removals.map(async (envelope) => {
        const opened = await open(bytesOf(envelope), verifySignature)
        return { id: opened.id, value: decodeRemoval(opened) }
      }),
    )
    for (const order of [removals, removals.toReversed()]) {
      const subjects = subjectsInForce(order.map(decisive), one.now)
      assert.is(hex(rootOf(subjects, sha256)), one.root)
      assert.is(removerOf(subjects, sha256)(one.row), one.removed)
    }
  })

remove('any row is judged, whatever its cells are', () => {
  const subjects = subjectsInForce([], 0)
  const some = { ...subjects, url: new Uint8Array(32), origin: new Uint8Array(32), pair: new Uint8Array(32) }
  const cells = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.constantFrom('http://[::1]/', 'https://.', 'http://a..b/'),
  )
  fc.assert(
    fc.property(cells, cells, cells, cells, (uid, url, page_url, file) => {
      assert.is(removerOf(some, sha256)({ uid, url, page_url, sha256: file }), false)
    }),
  )
})

remove.run()
