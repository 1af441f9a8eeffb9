import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import type { BlockSource } from '../../../node/components.ts'
import { openLog } from '../../../node/log.ts'
import type { Blocks } from '../../../node/store/store.ts'
import type { ShoalError } from '../../../protocol/errors.ts'

export const log = openLog('silent', 'stderr')

export interface PlayedSource extends BlockSource {
  /** CIDs that it was asked for */
  asked: string[]
  /** how many it had to give at once, at most */
  peak: number
}

/** A source that has what a blockstore has, unless `answer` has something else to say. */
export function playSource(
  name: string,
  blocks: Pick<Blocks, 'get' | 'has'>,
  {
    ms = 0,
    answer,
  }: { ms?: number; answer?: (cid: CID, nth: number) => Promise<Uint8Array | null> | null } = {},
): PlayedSource {
  let atWork = 0
  const source: PlayedSource = {
    ...{ name, asked: [], peak: 0 },
    async get(cid) {
      source.asked.push(cid.toString())
      source.peak = Math.max(source.peak, ++atWork)
      try {
        await sleep(ms)
        const other = answer?.(cid, source.asked.length) ?? null
        if (other !== null) return await other
        return (await blocks.has(cid)) ? Buffer.concat(await Array.fromAsync(blocks.get(cid))) : null
      } finally {
        atWork--
      }
    },
  }
  return source
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing thrown',
    (error: ShoalError) => error.code ?? error.message,
  )
}
