import { ShoalError } from '../../protocol/errors.ts'
import {
  addDigest,
  type Fingerprints,
  makeFingerprints,
  sameBucket,
} from '../../protocol/sync/fingerprints.ts'
import { MAX_FLUX } from '../../protocol/sync/limits.ts'

export type Flux = ReturnType<typeof makeFlux>

/** Counts what does not fit together, which happens now and then in a network that goes on working. */
export function makeFlux() {
  let wrong = 0
  let drips = 0

  function note(count: number, what: string): void {
    wrong += count
    if (wrong > MAX_FLUX) throw new ShoalError('sync_lie', what)
  }

  return {
    note,

    /** Count the buckets whose ids do not add up to their fingerprints. */
    check(buckets: number[], ids: Uint8Array[], claimed: Fingerprints): void {
      const sums = makeFingerprints()
      for (const id of ids) addDigest(sums, id, 1)
      const odd = buckets.filter((bucket) => !sameBucket(sums, claimed, bucket)).length
      note(odd, 'its ids do not add up to the digests of the peer')
    },

    drip(): void {
      if (++drips > MAX_FLUX) throw new ShoalError('sync_endless', 'the peer sends records drop by drop')
    },
  }
}
