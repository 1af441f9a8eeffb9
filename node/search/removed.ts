import { hash } from 'node:crypto'
import { open } from '../../protocol/envelope.ts'
import { decodeRemoval } from '../../protocol/records/removal.ts'
import { subjectsInForce } from '../../protocol/rules/in-force.ts'
import { type RemovableRow, removerOf } from '../../protocol/rules/remove.ts'
import { verifySignature } from '../identity.ts'
import type { Store } from '../store/store.ts'

type Known = Parameters<typeof subjectsInForce>[0] extends Iterable<infer One> ? One : never

/** Tells which rows are removed, by the removals that are known here; each is read once. */
export function readRemoved({ notices }: Pick<Store, 'notices'>) {
  const known = new Map<string, Known>()

  /** @param now - milliseconds since 1970 */
  return async (now: number): Promise<(row: RemovableRow) => boolean> => {
    const here: Known[] = []
    for await (const key of notices.keys()) {
      const name = Buffer.from(key).toString('hex')
      const envelope = known.has(name) ? undefined : await notices.get(key)
      if (envelope) {
        const opened = await open(envelope, verifySignature)
        known.set(name, { id: opened.id, value: decodeRemoval(opened) })
      }
      const one = known.get(name)
      if (one) here.push(one)
    }
    return removerOf(subjectsInForce(here, now), (bytes) => hash('sha256', bytes, 'buffer'))
  }
}
