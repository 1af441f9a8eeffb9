import type { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import PQueue from 'p-queue'
import type { Log } from '../log.ts'
import type { Blocks } from '../store/store.ts'
import { encodeMessage, type WantEntry } from './bitswap-message.ts'
import {
  ANSWER_BYTES,
  ANSWER_MS,
  MAX_ANSWER_ENTRIES,
  MAX_BITSWAP_BYTES,
  MAX_BLOCK_ANSWERS,
  MAX_WANTS,
} from './limits.ts'
import type { Send } from './send-messages.ts'

/** Where blocks are given from. */
export type ServedBlocks = Pick<Blocks, 'has' | 'get'>
/** Whether a block is kept from a peer, to whom it is not here then. */
export type Withholds = (peer: string, block: CID) => boolean

interface Asker {
  wants: Map<string, WantEntry>
  working: boolean
  /** the answer before: while it is on its way, the next one is made */
  sent: Promise<void>
  /** called when there is room for more wants */
  onRoom: (() => void)[]
}

export interface BlockServer {
  /** Take what a peer wants. Settles when it may want more. */
  want(peer: string, wants: WantEntry[], full: boolean): Promise<void>
  /** Forget a peer. */
  forget(peer: string): void
}

/**
 * Give blocks to peers: each in its turn a message of them at a time, so that memory is the same for one want and for
 * thousands. A want of what is not here is answered and forgotten.
 */
export function serveBlocks(
  blocks: ServedBlocks,
  send: Send,
  log: Log,
  withholds: Withholds = () => false,
): BlockServer {
  const askers = new Map<string, Asker>()
  const queue = new PQueue({ concurrency: MAX_BLOCK_ANSWERS })

  async function isGiven(peer: string, cid: CID): Promise<boolean> {
    return cid.multihash.code === sha256.code && !withholds(peer, cid) && (await blocks.has(cid))
  }

  async function read(peer: string, cid: CID): Promise<Uint8Array | null> {
    if (!(await isGiven(peer, cid))) return null
    try {
      const parts = await Array.fromAsync(blocks.get(cid))
      const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      return bytes.length < MAX_BITSWAP_BYTES / 2 ? bytes : null
    } catch (error) {
      log.warn({ cid: cid.toString(), error }, 'a block can not be given')
      return null
    }
  }

  async function makeAnswer(peer: string, { wants }: Asker) {
    const given: { cid: CID; bytes: Uint8Array }[] = []
    const presences: { cid: CID; has: boolean }[] = []
    let size = 0
    for (const [key, { cid, want, sendDontHave }] of wants) {
      wants.delete(key)
      const bytes = want === 'block' ? await read(peer, cid) : null
      if (bytes !== null) given.push({ cid, bytes })
      else {
        const has = want === 'have' && (await isGiven(peer, cid))
        if (has || sendDontHave) presences.push({ cid, has })
      }
      size += bytes?.length ?? 0
      if (size >= ANSWER_BYTES || given.length + presences.length >= MAX_ANSWER_ENTRIES) break
    }
    return { blocks: given, presences }
  }

  /** Peers that are slow to take an answer wait outside of the queue: they hold nobody up. */
  async function answer(peer: string, asker: Asker): Promise<void> {
    try {
      do {
        if (askers.size > MAX_BLOCK_ANSWERS) await asker.sent
        const reply = await queue.add(() => makeAnswer(peer, asker))
        for (const go of asker.onRoom.splice(0)) go()
        await asker.sent
        if (reply.blocks.length + reply.presences.length > 0) {
          asker.sent = send(peer, encodeMessage(reply), ANSWER_MS)
          // it is awaited by the next one, or here
          asker.sent.catch(() => {})
        }
        if (asker.wants.size === 0) await asker.sent
      } while (asker.wants.size > 0 && askers.get(peer) === asker)
    } catch (error) {
      log.debug({ peer, reason: (error as Error).message }, 'blocks were not given')
      // who can't take one answer gets no more
      asker.wants.clear()
      for (const go of asker.onRoom.splice(0)) go()
    }
    asker.working = false
    if (askers.get(peer) === asker) askers.delete(peer)
  }

  return {
    async want(peer, wants, full) {
      const asker: Asker = askers.get(peer) ?? {
        wants: new Map(),
        working: false,
        sent: Promise.resolve(),
        onRoom: [],
      }
      askers.set(peer, asker)
      if (full) asker.wants.clear()
      for (const entry of wants) {
        const key = Buffer.from(entry.cid.multihash.bytes).toString('latin1')
        if (entry.cancel) asker.wants.delete(key)
        else if (asker.wants.size < MAX_WANTS) asker.wants.set(key, entry)
      }
      if (asker.wants.size === 0 && !asker.working) askers.delete(peer)
      if (asker.wants.size > 0 && !asker.working) {
        asker.working = true
        void answer(peer, asker)
      }
      if (asker.wants.size >= MAX_WANTS) await new Promise<void>((resolve) => asker.onRoom.push(resolve))
    },
    forget(peer) {
      const asker = askers.get(peer)
      asker?.wants.clear()
      for (const go of asker?.onRoom.splice(0) ?? []) go()
      askers.delete(peer)
    },
  }
}
