import { ShoalError } from '../../protocol/errors.ts'
import type { Store, Write } from '../store/store.ts'

/**
 * Writes of many records at once: while the disk is busy with one batch, all that comes waits for the next. What is
 * given in one call is on the disk as a whole or not at all, and calls stay in order. When one fails all later ones
 * fail too, since the memory is ahead of the disk then.
 *
 * @param collect - asked at the moment of writing for what goes with all that was given until then
 */
export function startWriteBehind(store: Store, collect: () => Write[]) {
  let last: Promise<void> = Promise.resolve()
  let next: { writes: Write[]; sync: boolean; done: Promise<void> } | null = null

  async function flush(): Promise<void> {
    const { writes, sync } = next!
    next = null
    try {
      await store.batch([...writes, ...collect()], { sync })
    } catch (cause) {
      throw new ShoalError(
        'ledger_write',
        `can't write the ledger (${(cause as Error).message}): check the disk's space, then start again`,
        { cause },
      )
    }
  }

  return {
    /** @param sync - whether it must survive a power cut */
    write(writes: Write[], sync = false): Promise<void> {
      if (next === null) {
        last = last.then(flush)
        next = { writes: [], sync: false, done: last }
      }
      for (const write of writes) next.writes.push(write)
      next.sync ||= sync
      return next.done
    },

    settled: (): Promise<void> => last,
  }
}
