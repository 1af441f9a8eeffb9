import type { CID } from 'multiformats/cid'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { openTools, type ToolOptions, type Tools } from './tools.ts'

interface Kept {
  tools: Promise<Tools>
  users: number
}

/** The tools of the campaigns at work: opened once for all who use them, kept until another campaign needs its own. */
export function makeToolbox(options: ToolOptions) {
  const kept = new Map<string, Kept>()

  async function close(name: string, { tools }: Kept): Promise<void> {
    kept.delete(name)
    await tools.then(
      (opened) => opened.close(),
      // whoever waited for them has been told
      () => {},
    )
  }

  return {
    /** @throws ShoalError as `openTools`; whatever `work` throws */
    async use<T>(id: CID, campaign: Campaign, work: (tools: Tools) => Promise<T>): Promise<T> {
      const name = id.toString()
      // models are large
      for (const [other, one] of kept) if (other !== name && one.users === 0) await close(other, one)
      const one = kept.get(name) ?? { tools: openTools(campaign, options), users: 0 }
      kept.set(name, one)
      one.users++
      try {
        return await work(await one.tools)
      } finally {
        one.users--
        // a model that could not be had may come another time
        if (one.users === 0 && (await one.tools.catch(() => null)) === null) kept.delete(name)
      }
    },
    async close(): Promise<void> {
      for (const [name, one] of kept) await close(name, one)
    },
  }
}
