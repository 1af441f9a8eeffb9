import { hash } from 'node:crypto'
import { open } from '../../protocol/envelope.ts'
import { decodeRemoval } from '../../protocol/records/removal.ts'
import { type RemovableRow, removerOf, subjectsInForce } from '../../protocol/rules/remove.ts'
import { verifySignature } from '../identity.ts'
import type { Store } from '../store/store.ts'

/** Whether a row is removed, by the removals that are known here and in force. */
export async function readRemoved(
  { removals }: Pick<Store, 'removals'>,
  now: number,
): Promise<(row: RemovableRow) => boolean> {
  const known: Parameters<typeof subjectsInForce>[0] extends Iterable<infer One> ? One[] : never = []
  for await (const envelope of removals.values()) {
    const opened = await open(envelope, verifySignature)
    known.push({ id: opened.id, value: decodeRemoval(opened) })
  }
  return removerOf(subjectsInForce(known, now), (bytes) => hash('sha256', bytes, 'buffer'))
}
