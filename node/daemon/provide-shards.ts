import { CID } from 'multiformats/cid'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import type { Network } from '../network/network.ts'

export interface ShardProvider {
  /** Compare what is provided with the shards that are here. */
  look(): void
  /** Settles when no look is under way. */
  close(): Promise<void>
}

/**
 * Be found in the DHT by the manifest of every shard that is here whole, and by those of no others; so by releases that are
 * pinned. Shards come and go
 * in many ways, in the work, by fetching, pinning and refusing: the list itself is looked at, once now and then
 * whenever it is told to.
 */
export function provideShards(
  { store }: Pick<Home, 'store'>,
  network: Pick<Network, 'provide' | 'withdraw'>,
  log: Log,
): ShardProvider {
  const provided = new Map<string, CID>()
  let looking: Promise<void> | null = null
  let closed = false

  async function compare(): Promise<void> {
    const gone = new Map(provided)
    for await (const key of keysOf(store)) {
      if (closed) return
      const root = CID.decode(new Uint8Array(key))
      const name = root.toString()
      if (gone.delete(name)) continue
      provided.set(name, root)
      // claims are in a hurry, shards are not: there are thousands of them
      network.provide(root, { later: true })
    }
    for (const [name, root] of gone) {
      if (closed) return
      await network.withdraw(root)
      provided.delete(name)
    }
  }

  function look(): void {
    if (closed) return
    looking ??= compare()
      .catch((error: Error) => log.warn({ error }, 'shards were not provided'))
      .finally(() => {
        looking = null
      })
  }
  look()
  return {
    look,
    async close() {
      closed = true
      await looking
    },
  }
}

async function* keysOf({ shards, releases, pins }: Home['store']): AsyncGenerator<Uint8Array> {
  yield* shards.keys()
  for await (const key of releases.keys()) if (await pins.has(key)) yield key
}
