import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makePeers } from '../../../node/ledger/peers.ts'
import { makeRecordSet, makeShelf } from '../../../node/ledger/record-set.ts'
import { CLAIM, PAGE_ROWS, type RowFields, SHARD, VERDICT } from '../../../node/ledger/rows.ts'
import { REFUSED } from '../../../node/ledger/states.ts'
import {
  addDigest,
  bucketOf,
  decodeFingerprints,
  encodeFingerprints,
  makeFingerprints,
} from '../../../protocol/sync/fingerprints.ts'
import { makeSigner } from './make-records.ts'

const set = suite('record set')

interface Model {
  kind: typeof CLAIM | typeof SHARD | typeof VERDICT
  digest: Uint8Array
  /** one of two, which differ in their last byte */
  manifest: Uint8Array
  state: number
  campaign: number
  segment: number
  peer: number
  seq: number
}

/** Few segments, peers and buckets, so that all of them are shared. */
const record = fc.record({
  kind: fc.constantFrom<Model['kind'][]>(CLAIM, SHARD, VERDICT),
  manifest: fc.nat(1).map((last) => new Uint8Array(32).fill(last, 31)),
  state: fc.constantFrom(0, REFUSED),
  campaign: fc.nat(1),
  segment: fc.nat(3),
  peer: fc.nat(2),
  seq: fc.constantFrom(0, 1, 2 ** 40, 2 ** 40 + 1),
})
const steps = fc.array(fc.oneof({ weight: 2, arbitrary: record }, { weight: 1, arbitrary: fc.nat(1000) }), {
  maxLength: 300,
})

set('finds what a plain list finds, whatever came and went, also read back from its pages', () => {
  const property = fc.property(steps, (all) => {
    const records = makeRecordSet()
    const shelves = [makeShelf(0), makeShelf(1)]
    const model: Model[] = []
    for (const [i, step] of all.entries()) {
      if (typeof step === 'number') {
        const [gone] = model.splice(step % Math.max(1, model.length), 1)
        if (gone) records.remove(shelves[gone.campaign]!, records.findId(gone.digest))
        continue
      }
      const digest = new Uint8Array(createHash('sha256').update(`${i}`).digest())
      // two buckets only
      digest[0] = 0
      digest[1] = (digest[1]! & 1) << 6
      model.push({ ...step, digest })
      records.insert(shelves[step.campaign]!, fieldsOf({ ...step, digest }))
      if (step.kind === SHARD) records.setState(shelves[step.campaign]!, records.findId(digest), step.state)
    }
    check(records, shelves, model)
    const again = makeRecordSet()
    const fresh = [makeShelf(0), makeShelf(1)]
    for (const page of records.takeDirty().sort((a, b) => a - b)) {
      again.rows.restore(page, records.rows.page(page))
      for (let row = page * PAGE_ROWS; row < (page + 1) * PAGE_ROWS; row++)
        if (again.rows.word(row, 'kind') !== 0) again.link(fresh[again.rows.word(row, 'campaign')]!, row)
    }
    check(again, fresh, model)
    const end = again.rows.end()
    const free = end - model.length
    for (let i = 0; i < free; i++)
      again.rows.take({
        ...{ digest: new Uint8Array(32), kind: CLAIM, seq: 0, segment: 0, peer: 0, campaign: 0 },
        ...{ issued: 0, expires: 0 },
      })
    assert.is(again.rows.end(), end, 'free rows are used again')
  })
  fc.assert(property, { numRuns: 100 })
})

function fieldsOf({ kind, digest, manifest, campaign, segment, peer, seq }: Model): RowFields {
  const place = { digest, campaign, segment, peer }
  if (kind === CLAIM) return { ...place, kind, seq, issued: 1, expires: 2 }
  if (kind === SHARD) return { ...place, kind, seq, manifest, rows: 7 }
  return { ...place, kind, manifest, rows: 7, producer: 1, epoch: 20_000, result: 2 ** 32 - 1 }
}

function check(
  records: ReturnType<typeof makeRecordSet>,
  shelves: ReturnType<typeof makeShelf>[],
  model: Model[],
): void {
  const { rows } = records
  const names = (found: Iterable<number>) => Array.from(found, (row) => `${rows.digest(row)}`).sort()
  const expected = (of: (one: Model) => boolean) =>
    model
      .filter(of)
      .map(({ digest }) => `${digest}`)
      .sort()
  for (const one of model) {
    const row = records.findId(one.digest)
    assert.ok(row >= 0)
    if (one.kind !== VERDICT) assert.is(rows.number(row, 'seq'), one.seq)
    else assert.is(rows.word(row, 'result'), 2 ** 32 - 1)
    const claim = records.findClaim(one.campaign, one.segment, one.peer)
    const same = (other: Model) => other.campaign === one.campaign && other.peer === one.peer
    const claims = expected((other) => other.kind === CLAIM && same(other) && other.segment === one.segment)
    assert.is(claim >= 0, claims.length > 0)
    if (claim >= 0) assert.ok(claims.includes(`${rows.digest(claim)}`))
    assert.equal(
      names(records.findChained(SHARD, one.campaign, one.peer, one.seq)),
      expected((other) => other.kind === SHARD && same(other) && other.seq === one.seq),
    )
  }
  for (const { campaign, manifest, peer } of model) {
    const on = (other: Model) =>
      other.kind === VERDICT && other.campaign === campaign && other.manifest[31] === manifest[31]
    assert.equal(names(records.ofManifest(campaign, manifest)), expected(on))
    assert.equal(
      names(records.findVerdicts(campaign, manifest, peer)),
      expected((other) => on(other) && other.peer === peer),
    )
  }
  assert.is(records.findId(new Uint8Array(32).fill(7)), -1)
  for (const [campaign, shelf] of shelves.entries()) {
    const here = model.filter((one) => one.campaign === campaign)
    for (let segment = 0; segment < 4; segment++)
      assert.equal(
        names(records.ofSegment(campaign, segment)),
        expected((one) => one.kind !== VERDICT && one.campaign === campaign && one.segment === segment),
      )
    for (const bucket of [0, 1, 2])
      assert.equal(
        names(records.ofBucket(shelf, bucket)),
        expected((one) => one.campaign === campaign && bucketOf(one.digest) === bucket),
      )
    const sums = makeFingerprints()
    for (const { digest } of here) addDigest(sums, digest, 1)
    assert.equal(shelf.fingerprints, sums)
    const shards = here.filter(({ kind }) => kind === SHARD)
    assert.is(shelf.shards, shards.length)
    const good = shards.filter(({ state }) => state !== REFUSED)
    assert.is(shelf.claims, here.filter(({ kind }) => kind === CLAIM).length)
    assert.is(shelf.verdicts, here.filter(({ kind }) => kind === VERDICT).length)
    assert.equal([shelf.states[0], shelf.states[REFUSED]], [good.length, shards.length - good.length])
    assert.is(shelf.done, new Set(good.map(({ segment }) => segment)).size)
  }
}

set('adds fingerprints up as numbers of 128 bits', () => {
  const digests = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 20 })
  const property = fc.property(digests, digests, (kept, gone) => {
    const sums = makeFingerprints()
    for (const digest of [...gone, ...kept]) addDigest(sums, digest, 1)
    for (const digest of gone) addDigest(sums, digest, -1)
    const expected = Buffer.alloc(16 * 1024)
    for (const digest of kept.map((bytes) => Buffer.from(bytes))) {
      const at = (digest.readUInt16BE(0) >>> 6) * 16
      const sum =
        BigInt(`0x${expected.toString('hex', at, at + 16)}`) + BigInt(`0x${digest.toString('hex', 16)}`)
      expected.write((sum % 2n ** 128n).toString(16).padStart(32, '0'), at, 'hex')
    }
    assert.is(Buffer.compare(encodeFingerprints(sums), expected), 0)
    assert.equal(decodeFingerprints(encodeFingerprints(sums)), sums)
  })
  fc.assert(property)
})

set('numbers peers, many of them', () => {
  const peers = makePeers()
  const keys = Array.from(
    { length: 3000 },
    (_, i) => new Uint8Array(createHash('sha256').update(`${i}`).digest()),
  )
  assert.equal(
    keys.map((key) => peers.add(key)),
    [...keys.keys()],
  )
  assert.equal(
    keys.map((key) => peers.find(key)),
    [...keys.keys()],
  )
  assert.equal(peers.keyOf(2999), keys[2999])
  assert.is(peers.find(makeSigner(1).publicKey), -1)
})

set.run()
