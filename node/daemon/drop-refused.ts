import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'

/**
 * Keep refused shards out of those that this node lists, shows and exports, unless they are cleared again. Their blocks
 * stay: whoever repeats the verdicts on them needs those.
 *
 * @returns what ends it
 */
export function dropRefused({ store, blocks }: Home, ledger: Ledger, log: Log): () => void {
  return ledger.subscribeStates(async ({ campaign, segment, id, manifest, before, state }) => {
    const isGood = ledger
      .shardsOf(campaign, segment)
      .some((shard) => shard.state !== 'refused' && shard.manifest.equals(manifest))
    try {
      if (state === 'refused' && !isGood) await store.shards.del(manifest.bytes)
      else if (before === 'refused' && (await blocks.has(manifest))) {
        const envelope = await ledger.find(id)
        if (envelope) await store.shards.put(manifest.bytes, envelope)
      }
    } catch (error) {
      log.error({ error: (error as Error).message }, 'the list of shards can not be written')
    }
  })
}
