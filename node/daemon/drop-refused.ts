import { equalBytes } from '../../protocol/codec.ts'
import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import { addPin, isWhole } from '../pins/pins.ts'

/**
 * Keep refused shards out of those that this node lists, shows and exports, unless they are cleared again. Blocks of its
 * own stay: whoever repeats the verdicts on them needs those. Those of others stay as long as they are pinned.
 *
 * @returns what ends it
 */
export function dropRefused({ store, blocks, signer }: Home, ledger: Ledger, log: Log): () => void {
  return ledger.subscribeStates(async ({ campaign, segment, id, manifest, peer, before, state }) => {
    const isGood = ledger
      .shardsOf(campaign, segment)
      .some((shard) => shard.state !== 'refused' && shard.manifest.equals(manifest))
    try {
      if (state === 'refused' && !isGood) {
        const isOwn = equalBytes(peer, signer.publicKey)
        if (isOwn && (await isWhole(blocks, manifest))) await addPin({ store, blocks }, manifest, 'own')
        await store.shards.del(manifest.bytes)
      } else if (before === 'refused' && (await isWhole(blocks, manifest))) {
        const envelope = await ledger.find(id)
        if (envelope) await store.shards.put(manifest.bytes, envelope)
      }
    } catch (error) {
      log.error({ error }, 'the list of shards can not be written')
    }
  })
}
