import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifySignature } from '../../../node/identity.ts'
import { open } from '../../../protocol/envelope.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import type { Claim } from '../../../protocol/records/claim.ts'
import type { Head } from '../../../protocol/records/head.ts'
import { type Entry, readRecord } from '../../../protocol/records/record.ts'
import type { Removal } from '../../../protocol/records/removal.ts'
import { admit, type Circumstances, type Judgement, judgeFault } from '../../../protocol/rules/admit.ts'
import { mutantsOf } from '../mutants.ts'
import { bytesOf, fromDagJson, readCases } from '../read-vectors.ts'

interface Case {
  envelope: string
  now: number
  campaign: unknown
  newest: string | null
  way: 'gossip' | 'sync'
  recentClaims: number
  recentBackoffs: number
  sameSeq: string[]
  recentRemovals: number
  negated: string | null
  newestHead: string | null
  audited: (Omit<NonNullable<Circumstances['audited']>, 'sameAudit'> & { sameAudit: string[] }) | null
  verdict: string
  code: string
  replaces?: string
}
const cases = readCases<Case>('admit')

const read = async (bytes: Uint8Array) => readRecord(await open(bytes, verifySignature))

async function judge(bytes: Uint8Array, circumstances: Circumstances): Promise<Judgement> {
  let entry: Entry
  try {
    entry = await read(bytes)
  } catch (fault) {
    return judgeFault(fault)
  }
  return admit(entry, circumstances)
}

async function circumstancesOf({
  now,
  campaign,
  newest,
  way,
  recentClaims,
  recentBackoffs,
  sameSeq,
  recentRemovals,
  negated,
  newestHead,
  audited,
}: Case): Promise<Circumstances> {
  const known = newest === null ? null : await read(bytesOf(newest))
  const held = negated === null ? null : await read(bytesOf(negated))
  const head = newestHead === null ? null : await read(bytesOf(newestHead))
  return {
    now,
    campaign: fromDagJson(campaign) as Circumstances['campaign'],
    newest: known && { id: known.id, value: known.value as Claim },
    way,
    recentClaims,
    recentBackoffs,
    sameSeq: sameSeq.map((cid) => CID.parse(cid)),
    recentRemovals,
    negated: held && (held.value as Removal),
    newestHead: head && { id: head.id, value: head.value as Head },
    audited: audited && { ...audited, sameAudit: audited.sameAudit.map((cid) => CID.parse(cid)) },
  }
}

const vectors = suite('admit vectors')
for (const one of cases) {
  vectors(one.comment, async () => {
    const { verdict, code, replaces } = await judge(bytesOf(one.envelope), await circumstancesOf(one))
    assert.equal([verdict, code, replaces?.toString()], [one.verdict, one.code, one.replaces])
  })
}
vectors.run()

const admission = suite('admit')

admission('strange bytes are never taken in, and never end in an error', async () => {
  const originals = cases.map(({ envelope }) => bytesOf(envelope))
  const known = await circumstancesOf(cases[0]!)
  const property = fc.asyncProperty(fc.oneof(fc.uint8Array(), mutantsOf(...originals)), async (bytes) => {
    const { verdict, code } = await judge(bytes, known)
    assert.match(code, /^[a-z]+(_[a-z]+)*$/)
    if (verdict === 'accept') assert.ok(originals.some((one) => Buffer.from(one).equals(bytes)))
  })
  await fc.assert(property, { numRuns: 1000 })
})

admission('what is left of any claims is the same, whatever order they came in', async () => {
  const known = await circumstancesOf(cases[0]!)
  const [first] = (await Promise.all(cases.slice(0, 1).map(({ envelope }) => read(bytesOf(envelope))))) as [
    Entry & { kind: 'claim' },
  ]
  const { now } = known
  const some = fc.array(
    fc.record({
      seq: fc.nat(3),
      issued: fc.constantFrom(now, now - 1),
      expires: fc.constantFrom(now, now + 1, now + 2),
    }),
    { maxLength: 8 },
  )
  const take = (claims: Partial<Claim>[]) =>
    claims.reduce<Circumstances['newest']>((newest, change) => {
      const entry = { ...first, value: { ...first.value, ...change } }
      return admit(entry, { ...known, newest }).verdict === 'accept' ? entry : newest
    }, null)?.value
  const shuffled = some.chain((claims) =>
    fc.tuple(fc.constant(claims), fc.shuffledSubarray(claims, { minLength: claims.length })),
  )
  fc.assert(fc.property(shuffled, ([claims, others]) => assert.equal(take(claims), take(others))))
})

admission('what is left of a fork is the same, whatever order its shards came in', async () => {
  const known = await circumstancesOf(cases[0]!)
  const forks = cases.filter(({ comment }) => comment.startsWith('shard: '))
  const entries = await Promise.all(forks.map(({ envelope }) => read(bytesOf(envelope))))
  const unique = [...new Map(entries.map((entry) => [entry.id.toString(), entry])).values()].filter(
    ({ value }) => 'segment' in value && value.segment < 14,
  )
  assert.is(unique.length, 3)
  const take = (shards: Entry[]) =>
    shards
      .reduce<CID[]>((sameSeq, entry) => {
        const { verdict, replaces } = admit(entry, { ...known, sameSeq })
        return verdict === 'accept' ? [...sameSeq.filter((id) => id !== replaces), entry.id] : sameSeq
      }, [])
      .map(String)
      .sort()
  const inOrder = take(unique)
  assert.is(inOrder.length, 2)
  fc.assert(
    fc.property(fc.shuffledSubarray([...unique, ...unique], { minLength: 6 }), (shards) =>
      assert.equal(take(shards), inOrder),
    ),
  )
})

admission('a fault of this node is not laid at the door of a sender', () => {
  for (const fault of [new TypeError('oops'), new ShoalError('store_full', 'the disk is full')])
    assert.throws(
      () => judgeFault(fault),
      (error: unknown) => error === fault,
    )
})

admission.run()
