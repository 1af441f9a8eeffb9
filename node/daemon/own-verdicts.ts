import type { CID } from 'multiformats/cid'
import type { Store } from '../store/store.ts'

/** What a verdict is on: the same manifest may have been signed by two. */
interface Judged {
  manifest: CID
  producer: Uint8Array
}

/**
 * The verdicts that this node has signed, kept whatever becomes of the ledger: a second one on the same shard, which
 * may differ since the web has changed, would prove that it speaks with two tongues.
 */
export function keepVerdicts({ audits }: Pick<Store, 'audits'>) {
  const keyOf = ({ manifest, producer }: Judged) => Buffer.concat([manifest.bytes, producer])
  return {
    has: async (judged: Judged): Promise<boolean> => (await audits.get(keyOf(judged))) !== undefined,
    /** It is on the disk when this settles; only then may others see it. */
    put: (judged: Judged, envelope: Uint8Array): Promise<void> =>
      audits.put(keyOf(judged), envelope, { sync: true } as object),
  }
}
