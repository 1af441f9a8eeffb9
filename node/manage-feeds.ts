import { equalBytes } from '../protocol/codec.ts'
import type { Feed } from '../protocol/records/feed.ts'
import { isCustodianOf } from '../protocol/rules/admit-removal.ts'
import { type KeptFeed, writeFeed } from './denied/denied.ts'
import { type Home, openHome } from './home.ts'
import { keyOfPeer } from './identity.ts'
import { openRecords } from './open-records.ts'
import { parseCampaign } from './parse-cid.ts'
import type { Removals } from './removals/removals.ts'
import { readCampaign } from './shard/shard.ts'

/** Removals by the million, as files. */
export interface ManagedFeeds {
  /**
   * Sign all that is removed from a campaign now, and write it to a file.
   *
   * @param out - its absolute path
   * @throws ShoalError `cid_invalid`, `feed_write`
   */
  exportFeed(campaign: string, out: string): Promise<Feed['counts']>
  /**
   * Hide what a feed has, from now on.
   *
   * @param file - its absolute path
   * @param signers - ids of peers that are trusted besides the campaign's organiser and custodians
   * @throws ShoalError `peer_invalid`; as `Feeds.take`
   */
  importFeed(file: string, signers: readonly string[]): Promise<KeptFeed>
}

/** @param clock - milliseconds since 1970 */
export function manageFeeds(
  home: Home,
  removals: Pick<Removals, 'inForce'>,
  clock: () => number,
): ManagedFeeds {
  return {
    async exportFeed(id, out) {
      const campaign = parseCampaign(id)
      const { subjects } = await removals.inForce(campaign)
      return writeFeed(out, subjects, { campaign, issued: clock() }, home.signer)
    },
    async importFeed(file, signers) {
      const trusted = signers.map(keyOfPeer)
      return home.feeds.take(file, async ({ campaign, source }) => {
        if (trusted.some((key) => equalBytes(key, source))) return true
        const known = await readCampaign(home.store, campaign)
        return known !== null && isCustodianOf(known, source)
      })
    },
  }
}

/** The feeds of a data directory whose daemon is not running. @throws ShoalError as `openHome` */
export async function withFeeds<T>(dataDir: string, use: (feeds: ManagedFeeds) => Promise<T>): Promise<T> {
  await using opened = new AsyncDisposableStack()
  const home = await openHome(dataDir)
  opened.defer(() => home.close())
  const records = await openRecords(home, Date.now)
  opened.defer(() => records.close())
  return await use(manageFeeds(home, records.removals, Date.now))
}
