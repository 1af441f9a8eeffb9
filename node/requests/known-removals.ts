import { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { readBasis } from '../../protocol/records/receipt.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import { openCampaign } from '../campaigns/campaigns.ts'
import { nameOfSubject, type Removals } from '../removals/removals.ts'
import type { Store } from '../store/store.ts'

type ListedRemoval = Awaited<ReturnType<Removals['list']>>[number]

/** What is known here of the removals of one campaign, by what they are of and by who asked for them. */
export interface KnownRemovals {
  campaign: CID
  /** the campaign's */
  name: string
  of(subject: Removal['subject']): ListedRemoval[]
  askedBy(request: string): ListedRemoval[]
  all(): ListedRemoval[]
}

/** Milliseconds after which a campaign's removals are read anew, whatever happens. */
const KEPT_MS = 60_000

interface KnownParts {
  store: Store
  removals: Removals
  clock: () => number
}

/** Keeps the removals of the campaigns that are known here, each as long as nothing changes. */
export function keepKnown({ store, removals, clock }: KnownParts) {
  const kept = new Map<string, { until: number; known: Promise<KnownRemovals> }>()
  const stop = removals.onChange((campaign) => void kept.delete(campaign.toString()))

  async function read(campaign: CID): Promise<KnownRemovals> {
    const all = await removals.list(campaign)
    const bySubject = Map.groupBy(all, ({ value }) => nameOfSubject(value.subject))
    const byRequest = Map.groupBy(all, ({ value }) => readBasis(value.basis)?.request ?? '')
    const { name } = await openCampaign(store, campaign)
    // what was read a while ago may be over
    const judge = (listed: readonly ListedRemoval[] = []) =>
      listed.map((one) => {
        const { expires } = one.value
        return { ...one, isInForce: one.isInForce && (expires === null || clock() < expires) }
      })
    return {
      ...{ campaign, name, all: () => judge(all) },
      of: (subject) => judge(bySubject.get(nameOfSubject(subject))),
      askedBy: (request) => judge(byRequest.get(request)),
    }
  }

  return {
    async *all(): AsyncGenerator<KnownRemovals> {
      for await (const key of store.campaigns.keys()) {
        const one = await this.of(CID.decode(new Uint8Array(key))).catch((error: unknown) => {
          // one that can't be read any more holds up no request in the others
          if (error instanceof ShoalError) return null
          throw error
        })
        if (one) yield one
      }
    },
    of(campaign: CID): Promise<KnownRemovals> {
      const id = campaign.toString()
      const now = performance.now()
      const one = kept.get(id)
      if (one && one.until > now) return one.known
      const known = read(campaign)
      kept.set(id, { until: now + KEPT_MS, known })
      known.catch(() => kept.delete(id))
      return known
    },
    /** Of a campaign in which something was just removed: others may be told a moment later. */
    forget: (campaign: CID) => void kept.delete(campaign.toString()),
    close: stop,
  }
}
