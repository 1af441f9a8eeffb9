import type { CID } from 'multiformats/cid'
import { type RemovableRow, type Subjects, uniteSubjects } from '../../protocol/rules/remove.ts'
import type { Removals } from '../removals/removals.ts'
import { type Hidden, hiderOf } from './hidden.ts'

/** What the owner of this machine hides without telling anybody. */
export interface PrivateLists {
  /** another object after each change */
  listed(): { subjects: Subjects }
  onChange(listener: () => void): () => void
}

/** Which rows nobody is shown: those of removals in force, and those that this machine's owner hides. */
export interface Hiding {
  /** What is hidden of a campaign now: the same object until that changes. */
  hiddenIn(campaign: CID): Promise<Hidden>
  /** Tells, of rows of a campaign, which are hidden now. */
  judge(campaign: CID): Promise<(row: RemovableRow) => boolean>
  /** Told when what is hidden may have changed, in a campaign or, with null, in all. @returns what ends it */
  onChange(listener: (campaign: CID | null) => void): () => void
}

/** Campaigns of which it is kept what is hidden. */
const MAX_CAMPAIGNS = 64

let version = 0

export function openHiding(
  removals: Pick<Removals, 'inForce' | 'onChange'>,
  privates: readonly PrivateLists[],
): Hiding {
  const known = new Map<string, { parts: Subjects[]; hidden: Hidden; isHidden: Hider }>()

  async function look(campaign: CID) {
    const name = campaign.toString()
    const { subjects } = await removals.inForce(campaign)
    const parts = [subjects, ...privates.map((one) => one.listed().subjects)]
    const before = known.get(name)
    if (before && parts.every((part, i) => part === before.parts[i])) return before
    const hidden = { version: ++version, subjects: uniteSubjects(parts) }
    const made = { parts, hidden, isHidden: hiderOf(hidden) }
    known.delete(name)
    known.set(name, made)
    if (known.size > MAX_CAMPAIGNS) known.delete(known.keys().next().value!)
    return made
  }

  return {
    hiddenIn: async (campaign) => (await look(campaign)).hidden,
    judge: async (campaign) => (await look(campaign)).isHidden,
    onChange(listener) {
      const ends = [removals.onChange(listener), ...privates.map((one) => one.onChange(() => listener(null)))]
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

type Hider = (row: RemovableRow) => boolean
