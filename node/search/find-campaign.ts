import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { type Campaign, decodeCampaign } from '../../protocol/records/campaign.ts'
import { verifySignature } from '../identity.ts'
import { readBlock, readCampaign } from '../shard/shard.ts'
import type { Blocks, Store } from '../store/store.ts'

/** A campaign's record, as the node knows it or as it came with a release; null where it did not. */
export async function findCampaign(
  { store, blocks }: { store: Store; blocks: Blocks },
  id: CID,
): Promise<Campaign | null> {
  const known = await readCampaign(store, id)
  if (known !== null || !(await blocks.has(id))) return known
  return decodeCampaign(await open(await readBlock(blocks, id), verifySignature))
}
