import type { CID } from 'multiformats/cid'
import { packSubjects, type SubjectKind, type Subjects } from '../../protocol/rules/remove.ts'
import type { Removals } from '../removals/removals.ts'
import type { ListSets } from '../safety/safety.ts'
import { type Hidden, type HideableRow, hide, hiderOf } from './hidden.ts'

/** What the owner of this machine hides without telling anybody. */
export interface PrivateLists {
  /** of a campaign; other objects after each change */
  listed(campaign: CID): { sets: ListSets | null; subjects: Subjects | readonly Subjects[] }
  onChange(listener: () => void): () => void
}

/** Which rows nobody is shown: those of removals in force, and those that this machine's owner hides. */
export interface Hiding {
  /** What is hidden of a campaign now: the same object until that changes. */
  hiddenIn(campaign: CID): Promise<Hidden>
  /** Tells, of rows of a campaign, which are hidden now. */
  judge(campaign: CID): Promise<(row: HideableRow) => boolean>
  /** Told when what is hidden may have changed, in a campaign or, with null, in all. @returns what ends it */
  onChange(listener: (campaign: CID | null) => void): () => void
}

/** Campaigns of which it is kept what is hidden. */
const MAX_CAMPAIGNS = 64

/** @param removals - those for `safety` are secret: a list of them would be an index of what nobody should find */
export function openHiding(
  removals: Pick<Removals, 'inForce' | 'list' | 'onChange'>,
  privates: readonly PrivateLists[],
): Hiding {
  const known = new Map<string, { parts: unknown[]; hidden: Hidden }>()

  async function look(campaign: CID): Promise<Hidden> {
    const name = campaign.toString()
    const { subjects } = await removals.inForce(campaign)
    const lists = privates.map((one) => one.listed(campaign))
    const parts = [subjects, ...lists.map((one) => one.subjects)]
    const before = known.get(name)
    if (before && parts.every((part, i) => part === before.parts[i])) return before.hidden
    const hidden = hide([subjects], {
      secret: [await unsafe(campaign), ...lists.flatMap((one) => one.subjects)],
      lists: lists.flatMap(({ sets }) => sets ?? []),
    })
    known.delete(name)
    known.set(name, { parts, hidden })
    if (known.size > MAX_CAMPAIGNS) known.delete(known.keys().next().value!)
    return hidden
  }

  async function unsafe(campaign: CID): Promise<Subjects> {
    const hashes: Record<SubjectKind, Uint8Array[]> = { pair: [], url: [], origin: [], image: [] }
    for (const { value, isInForce } of await removals.list(campaign))
      if (isInForce && value.reason === 'safety') hashes[value.subject.kind].push(value.subject.hash)
    return packSubjects(hashes)
  }

  return {
    hiddenIn: look,
    judge: async (campaign) => hiderOf(await look(campaign)),
    onChange(listener) {
      const ends = [removals.onChange(listener), ...privates.map((one) => one.onChange(() => listener(null)))]
      return () => {
        for (const end of ends) end()
      }
    },
  }
}
