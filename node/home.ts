import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../protocol/errors.ts'
import { type Feeds, openFeeds } from './denied/denied.ts'
import { type Identity, loadIdentity } from './identity.ts'
import { type Blocklists, openBlocklists } from './safety/safety.ts'
import { type Blocks, openBlocks, openStore, type Store } from './store/store.ts'

/** What a node keeps on its disk. */
export interface Home {
  store: Store
  blocks: Blocks
  signer: Identity
  blocklists: Blocklists
  feeds: Feeds
  /** for files that are not blocks yet; empty */
  workDir: string
  close(): Promise<void>
}

/**
 * Open a node's data directory, made where there is none. One process at a time.
 *
 * @throws ShoalError `data_unwritable`, `store_*`, `identity_*`, `blocklist_broken`, `feed_broken`
 */
export async function openHome(dataDir: string): Promise<Home> {
  await mkdir(dataDir, { recursive: true }).catch((cause) => {
    throw new ShoalError(
      'data_unwritable',
      `can't keep data in ${dataDir} (${cause.message}): let this user write there, or choose another place with --data`,
      { cause },
    )
  })
  const signer = await loadIdentity(dataDir)
  const store = await openStore(join(dataDir, 'db'))
  const workDir = join(dataDir, 'work')
  try {
    // the database is open, so nobody else is at work here: what lies there was left by a process that died
    await rm(workDir, { recursive: true, force: true })
    const blocks = await openBlocks(join(dataDir, 'blocks'))
    const blocklists = await openBlocklists(join(dataDir, 'blocklists'), store, Date.now)
    const feeds = await openFeeds(join(dataDir, 'feeds'))
    return {
      ...{ store, blocks, signer, blocklists, feeds, workDir },
      async close() {
        await blocklists.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}
