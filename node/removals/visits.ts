import { CID } from 'multiformats/cid'
import type { Store } from '../store/store.ts'

/** How old what is known of a campaign gets that this node takes no part in: a visit learns all that its members know. */
const EVERY_MS = 3_600_000
/** When a visit is tried again that nobody was there for, and how long after the start the first ones are. */
const AGAIN_MS = 60_000
/** Of a campaign's id, the first half of a key of `notices`. */
const ID_BYTES = 36

/**
 * Keeps what is known of campaigns up to date that this node takes no part in, and tells their members what it wants to be
 * removed: one visit at a time.
 *
 * @param refresh - as `Removals.connect` has it
 */
export function startVisits(
  { notices }: Pick<Store, 'notices'>,
  isJoined: (campaign: CID) => boolean,
  refresh: (campaign: CID) => Promise<boolean>,
) {
  const due = new Map<string, number>()
  let underWay: Promise<void> | null = null
  let closed = false

  async function visitDue(): Promise<void> {
    for (const campaign of await listCampaigns({ notices })) {
      const name = campaign.toString()
      const now = performance.now()
      const at = due.get(name) ?? now + AGAIN_MS
      due.set(name, at)
      if (closed || isJoined(campaign) || at > now) continue
      const isTold = await refresh(campaign)
      due.set(name, performance.now() + (isTold ? EVERY_MS : AGAIN_MS))
    }
  }

  function look(): void {
    underWay ??= visitDue()
      .catch(() => {})
      .finally(() => {
        underWay = null
      })
  }

  return {
    /** Visit those that it is time for. */
    look,
    /** There is something to be told. */
    soon: (campaign: CID): void => void due.set(campaign.toString(), 0),
    async close(): Promise<void> {
      closed = true
      await underWay
    },
  }
}

async function listCampaigns({ notices }: Pick<Store, 'notices'>): Promise<CID[]> {
  const found: CID[] = []
  for (let after = new Uint8Array(); ; ) {
    const [key] = await notices.keys({ gt: after, limit: 1 }).all()
    if (key === undefined) return found
    found.push(CID.decode(new Uint8Array(key.subarray(0, ID_BYTES))))
    after = new Uint8Array([...key.subarray(0, ID_BYTES), ...new Uint8Array(ID_BYTES).fill(0xff)])
  }
}
