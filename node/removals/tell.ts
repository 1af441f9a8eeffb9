import type { CID } from 'multiformats/cid'

/** Between two words on the same campaign: a sync may bring thousands of removals. */
const PAUSE_MS = 100

/**
 * Tells listeners of changes: of the first in a campaign at once, of those that follow together, a moment later.
 *
 * @param onAny - told of every change at once
 */
export function startTeller(onAny: (campaign: CID) => void) {
  const listeners = new Set<(campaign: CID) => void>()
  const pausing = new Map<string, { timer: NodeJS.Timeout; again: boolean }>()
  const versions = new Map<string, number>()

  const versionOf = (name: string) => versions.get(name) ?? 0

  /** @param isUrgent - whether somebody waits for what follows from it: it is told at once */
  function tell(campaign: CID, isUrgent = false): void {
    const name = campaign.toString()
    versions.set(name, versionOf(name) + 1)
    onAny(campaign)
    const pause = pausing.get(name)
    if (pause && !isUrgent) pause.again = true
    else for (const listener of listeners) listener(campaign)
    if (pause) return
    const timer = setTimeout(() => {
      const { again } = pausing.get(name)!
      pausing.delete(name)
      if (again) tell(campaign)
    }, PAUSE_MS).unref()
    pausing.set(name, { timer, again: false })
  }

  return {
    tell,
    /** grows with every change of a campaign */
    versionOf: (campaign: CID): number => versionOf(campaign.toString()),
    subscribe(listener: (campaign: CID) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close(): void {
      for (const { timer } of pausing.values()) clearTimeout(timer)
      listeners.clear()
    },
  }
}
