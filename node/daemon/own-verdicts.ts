import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import type { Store } from '../store/store.ts'

/** What a verdict is on: the same manifest may have been signed by two. */
interface Judged {
  manifest: CID
  producer: Uint8Array
}

/** Shards remembered as audited, so that the disk is not asked for them at every look. */
const MAX_KNOWN = 100_000

/**
 * The verdicts that this node has signed, kept whatever becomes of the ledger: a second one on the same shard, which
 * may differ since the web has changed, would prove that it speaks with two tongues.
 */
export function keepVerdicts({ audits, batch }: Pick<Store, 'audits' | 'batch'>) {
  const known = new LRUCache<string, true>({ max: MAX_KNOWN })
  const keyOf = ({ manifest, producer }: Judged) => Buffer.concat([manifest.bytes, producer])
  return {
    async has(judged: Judged): Promise<boolean> {
      const key = keyOf(judged)
      const name = key.toString('base64')
      if (known.has(name)) return true
      if ((await audits.get(key)) === undefined) return false
      known.set(name, true)
      return true
    },
    /** It is on the disk when this settles; only then may others see it. */
    put: (judged: Judged, envelope: Uint8Array): Promise<void> =>
      batch([{ type: 'put', sublevel: audits, key: keyOf(judged), value: envelope }], { sync: true }),
  }
}
