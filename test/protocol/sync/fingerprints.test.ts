import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  addDigest,
  BUCKETS,
  bucketOf,
  decodeFingerprints,
  encodeFingerprints,
  FINGERPRINT_BYTES,
  makeFingerprints,
} from '../../../protocol/sync/fingerprints.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

interface Case {
  digests: string[]
  /** they come as well, and go again */
  gone: string[]
  buckets: number[]
  /** by bucket; all others are zero */
  fingerprints: Record<string, string>
}

const fingerprints = suite('fingerprint vectors')

for (const { comment, digests, gone, buckets, fingerprints: sums } of readCases<Case>('sync-fingerprints')) {
  fingerprints(comment, () => {
    const come = digests.map((digest) => bytesOf(digest))
    assert.equal(come.map(bucketOf), buckets)
    const actual = makeFingerprints()
    for (const digest of [...gone.map((digest) => bytesOf(digest)), ...come]) addDigest(actual, digest, 1)
    for (const digest of gone) addDigest(actual, bytesOf(digest), -1)
    const expected = Buffer.alloc(BUCKETS * FINGERPRINT_BYTES)
    for (const [bucket, sum] of Object.entries(sums)) {
      assert.is(sum.length, 2 * FINGERPRINT_BYTES)
      expected.write(sum, Number(bucket) * FINGERPRINT_BYTES, 'hex')
    }
    assert.equal(Buffer.from(encodeFingerprints(actual)).toString('hex'), expected.toString('hex'))
    assert.equal(decodeFingerprints(expected), actual)
  })
}

fingerprints.run()
