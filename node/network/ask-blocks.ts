import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { ShoalError } from '../../protocol/errors.ts'
import type { BlockSource } from '../components.ts'
import { type BitswapMessage, encodeMessage, type WantEntry } from './bitswap-message.ts'
import { BLOCK_SILENCE_MS, MAX_BLOCKS_ASKED, MAX_BLOCKS_REMEMBERED, REQUEST_MS } from './limits.ts'
import type { Send } from './send-messages.ts'

type Taker = { resolve(bytes: Uint8Array | null): void; reject(error: Error): void }

interface Asked {
  /** what is asked for, by its hash, and whoever waits for it */
  wants: Map<string, { cid: CID; takers: Set<Taker> }>
  /** what will be, as soon as there is room */
  waiting: Map<string, { cid: CID; takers: Set<Taker> }>
  /** hashes that were asked for */
  remembered: LRUCache<string, true>
  /** entries of the next message */
  outgoing: WantEntry[]
  /** fires when nothing has come for long */
  silence?: NodeJS.Timeout
}

export interface BlockAsker {
  blockSource(peer: string): BlockSource
  /** Take what a peer answers. */
  take(peer: string, message: Pick<BitswapMessage, 'blocks' | 'presences'>): void
  /** whether answers of a peer are waited for */
  expects(peer: string): boolean
  /** Give up what a peer was asked for. */
  lose(peer: string): void
  close(): void
}

/** Ask peers for blocks, each for what it alone is asked for. */
export function askBlocks(send: Send, silenceMs = BLOCK_SILENCE_MS): BlockAsker {
  const peers = new Map<string, Asked>()

  function fail(peer: string, error: ShoalError): void {
    const asked = peers.get(peer)
    if (!asked) return
    peers.delete(peer)
    clearTimeout(asked.silence)
    for (const { takers } of [...asked.wants.values(), ...asked.waiting.values()])
      for (const { reject } of takers) reject(error)
  }

  /** Ask for as much as may be asked for at once; what is asked for in one turn of the loop goes in one message. */
  function pump(peer: string, asked: Asked): void {
    for (const [key, want] of asked.waiting) {
      if (asked.wants.size >= MAX_BLOCKS_ASKED) break
      asked.waiting.delete(key)
      if (asked.wants.size === 0) hear(peer, asked)
      asked.wants.set(key, want)
      asked.remembered.set(key, true)
      tell(peer, asked, { cid: want.cid, want: 'block', cancel: false, sendDontHave: true })
    }
    if (asked.wants.size === 0) clearTimeout(asked.silence)
  }

  function hear(peer: string, asked: Asked): void {
    clearTimeout(asked.silence)
    const late = () =>
      fail(peer, new ShoalError('request_timeout', `${peer} gave no block for ${silenceMs / 1000} s`))
    asked.silence = setTimeout(late, silenceMs)
  }

  function tell(peer: string, asked: Asked, entry: WantEntry): void {
    if (asked.outgoing.push(entry) > 1) return
    setImmediate(() => {
      const wants = asked.outgoing.splice(0)
      send(peer, encodeMessage({ wants }), REQUEST_MS).catch((error) => {
        if (peers.get(peer) === asked) fail(peer, error)
      })
    })
  }

  function settle(asked: Asked, key: string, bytes: Uint8Array | null): boolean {
    const want = asked.wants.get(key)
    asked.wants.delete(key)
    // a small part of a message would keep all of it in memory
    const given = bytes && bytes.buffer.byteLength > 2 * bytes.length ? bytes.slice() : bytes
    for (const { resolve } of want?.takers ?? []) resolve(given)
    return want !== undefined
  }

  function get(peer: string, cid: CID, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    const key = keyOf(cid.multihash.digest)
    const asked: Asked = peers.get(peer) ?? {
      ...{ wants: new Map(), waiting: new Map(), outgoing: [] },
      remembered: new LRUCache({ max: MAX_BLOCKS_REMEMBERED }),
    }
    peers.set(peer, asked)
    const { promise, ...taker } = Promise.withResolvers<Uint8Array | null>()
    const want = asked.wants.get(key) ?? asked.waiting.get(key) ?? { cid, takers: new Set() }
    want.takers.add(taker)
    if (!asked.wants.has(key)) asked.waiting.set(key, want)
    const cancel = () => {
      taker.reject(new ShoalError('request_aborted', `block ${cid} is no longer wanted of ${peer}`))
      want.takers.delete(taker)
      if (want.takers.size > 0 || peers.get(peer) !== asked) return
      asked.waiting.delete(key)
      if (asked.wants.delete(key))
        tell(peer, asked, { cid, want: 'block', cancel: true, sendDontHave: false })
      pump(peer, asked)
    }
    signal?.addEventListener('abort', cancel)
    pump(peer, asked)
    return promise.finally(() => signal?.removeEventListener('abort', cancel))
  }

  return {
    blockSource: (peer) => ({
      name: peer,
      async get(cid, { signal } = {}) {
        if (signal?.aborted) throw new ShoalError('request_aborted', `block ${cid} is no longer wanted`)
        if (cid.multihash.code !== sha256.code)
          throw new ShoalError('block_hash', `block ${cid} is named by a hash other than sha2-256`)
        return get(peer, cid, signal)
      },
    }),
    take(peer, { blocks, presences }) {
      const asked = peers.get(peer)
      if (!asked) return
      let answered = false
      for (const bytes of blocks) {
        const key = keyOf(createHash('sha256').update(bytes).digest())
        if (settle(asked, key, bytes)) answered = true
        else if (!asked.remembered.has(key) && asked.wants.size > 0) {
          const message = `${peer} sent bytes of another block than it was asked for`
          return fail(peer, new ShoalError('block_forged', message))
        }
      }
      for (const { cid, has } of presences)
        if (!has && settle(asked, keyOf(cid.multihash.digest), null)) answered = true
      if (answered && asked.wants.size > 0) hear(peer, asked)
      pump(peer, asked)
    },
    expects: (peer) => (peers.get(peer)?.wants.size ?? 0) > 0,
    lose: (peer) => fail(peer, new ShoalError('peer_unreachable', `${peer} is gone`)),
    close() {
      for (const peer of [...peers.keys()]) fail(peer, new ShoalError('request_aborted', 'the node ends'))
    },
  }
}

const keyOf = (digest: Uint8Array) => Buffer.from(digest).toString('latin1')
