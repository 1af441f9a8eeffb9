import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { RateLimiter } from '@libp2p/utils'
import type { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import PQueue from 'p-queue'
import type * as v from 'valibot'
import { cidOf, decode, encode, equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_INDEX } from '../../protocol/limits.ts'
import { integer, link, map, validate } from '../../protocol/records/fields.ts'
import { REQUEST_PROTOCOLS } from '../../protocol/topics.ts'
import type { Log } from '../log.ts'
import {
  MAX_ANSWERS,
  MAX_QUESTION_BYTES,
  MAX_REQUESTS_PER_10_S,
  MAX_REQUESTS_PER_PEER,
  MAX_STREAMS_IN,
  MAX_SYNCS,
  REQUEST_MS,
  SYNC_MS,
} from './limits.ts'
import { converse, type Frames } from './messages.ts'
import { findPeerId } from './peer-names.ts'

/** What this node tells others. `from` is the peer that asks; a promise that fails aborts the stream. */
export interface Answers {
  /** @returns the envelope of the claim on the segment, or null where none is known */
  record(campaign: CID, segment: number, from: string): Promise<Uint8Array | null>
  /** @returns the envelope of the campaign, or null */
  campaign(campaign: CID, from: string): Promise<Uint8Array | null>
  /** @returns a block, or null */
  block(cid: CID, from: string): Promise<Uint8Array | null>
  /** The answering side of a synchronisation, to its end. */
  sync(frames: Frames, from: string): Promise<unknown>
}

interface AskOptions {
  signal?: AbortSignal | undefined
}

export interface Requests {
  /**
   * Ask a peer for the claim on a segment. The envelope is not looked into.
   *
   * @throws ShoalError `request_*`, `peer_unreachable`
   */
  askRecord(peer: string, campaign: CID, segment: number, options?: AskOptions): Promise<Uint8Array | null>
  /**
   * Ask a peer for a campaign: the envelope has that CID, or there is none.
   *
   * @throws ShoalError `request_*`, `peer_unreachable`; `request_forged` where the peer sent something else
   */
  askCampaign(peer: string, campaign: CID, options?: AskOptions): Promise<Uint8Array | null>
  /**
   * Ask a peer for a block by sha2-256: the bytes have that hash, or there are none.
   *
   * @throws ShoalError `request_*`, `peer_unreachable`; `request_forged` where the peer sent something else
   */
  askBlock(peer: string, cid: CID, options?: AskOptions): Promise<Uint8Array | null>
  /**
   * Synchronise with a peer: the asking side's part is `talk`, and the stream ends with it.
   *
   * @throws ShoalError `request_*`, `peer_unreachable`; whatever else `talk` throws
   */
  sync<T>(peer: string, talk: (frames: Frames) => Promise<T>, options?: AskOptions): Promise<T>
}

const SegmentQuestion = map({ campaign: link('dag-cbor'), segment: integer(0, MAX_INDEX) })
const CampaignQuestion = map({ campaign: link('dag-cbor') })
/** Of lists and of shards, whose manifests are dag-cbor. */
const BlockQuestion = map({ block: link('raw', 'dag-pb', 'dag-cbor') })

/** Ask peers, and answer them. An answer is the envelope itself; an empty one says that there is none. */
export async function startRequests(libp2p: Libp2p, answers: Answers, log: Log): Promise<Requests> {
  const rate = new RateLimiter({ points: MAX_REQUESTS_PER_10_S, duration: 10 })
  const answering = { short: 0, sync: 0 }

  const serve = (protocol: string, kind: keyof typeof answering, answer: Answer) =>
    libp2p.handle(
      protocol,
      async (stream: Stream, connection: Connection) => {
        const from = connection.remotePeer.toString()
        const [most, totalMs] = kind === 'sync' ? [MAX_SYNCS, SYNC_MS] : [MAX_ANSWERS, REQUEST_MS]
        if (answering[kind] >= most || !within(rate, from)) {
          stream.abort(new ShoalError('request_refused', 'too many requests'))
          return
        }
        answering[kind]++
        try {
          await converse(stream, { totalMs }, (frames) => answer(frames, from))
        } catch (error) {
          log.debug({ from, protocol, reason: (error as Error).message }, 'a request ended early')
        } finally {
          answering[kind]--
        }
      },
      {
        maxInboundStreams: kind === 'sync' ? MAX_SYNCS : MAX_STREAMS_IN,
        runOnLimitedConnection: isShort(protocol),
      },
    )

  await serve(REQUEST_PROTOCOLS.record, 'short', async (frames, from) => {
    const { campaign, segment } = readQuestion(SegmentQuestion, await frames.read())
    await frames.write((await answers.record(campaign, segment, from)) ?? new Uint8Array())
  })
  await serve(REQUEST_PROTOCOLS.campaign, 'short', async (frames, from) => {
    const { campaign } = readQuestion(CampaignQuestion, await frames.read())
    await frames.write((await answers.campaign(campaign, from)) ?? new Uint8Array())
  })
  await serve(REQUEST_PROTOCOLS.block, 'short', async (frames, from) => {
    const { block } = readQuestion(BlockQuestion, await frames.read())
    await frames.write((await answers.block(block, from)) ?? new Uint8Array())
  })
  await serve(REQUEST_PROTOCOLS.sync, 'sync', answers.sync)

  const ask = makeAsker(libp2p)
  return {
    askRecord: (peer, campaign, segment, options) =>
      ask(peer, REQUEST_PROTOCOLS.record, REQUEST_MS, options, (frames) =>
        askOnce(frames, { campaign, segment }),
      ),
    askCampaign: (peer, campaign, options) =>
      ask(peer, REQUEST_PROTOCOLS.campaign, REQUEST_MS, options, async (frames) => {
        const envelope = await askOnce(frames, { campaign })
        if (envelope !== null && !cidOf(envelope).equals(campaign)) {
          throw new ShoalError('request_forged', `${peer} sent something else than campaign ${campaign}`)
        }
        return envelope
      }),
    askBlock: (peer, cid, options) =>
      ask(peer, REQUEST_PROTOCOLS.block, REQUEST_MS, options, async (frames) => {
        const block = await askOnce(frames, { block: cid })
        if (block !== null && !equalBytes((await sha256.digest(block)).digest, cid.multihash.digest)) {
          throw new ShoalError('request_forged', `${peer} sent something else than block ${cid}`)
        }
        return block
      }),
    sync: (peer, talk, options) => ask(peer, REQUEST_PROTOCOLS.sync, SYNC_MS, options, talk),
  }
}

/** What relays may carry: they allow 128 KiB and two minutes, and a block may have a MiB. */
function isShort(protocol: string): boolean {
  return protocol !== REQUEST_PROTOCOLS.sync && protocol !== REQUEST_PROTOCOLS.block
}

type Answer = (frames: Frames, from: string) => Promise<unknown>

function readQuestion<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T {
  if (bytes.length > MAX_QUESTION_BYTES) {
    throw new ShoalError('request_oversize', `a question of ${bytes.length} bytes`)
  }
  return validate('request', schema, decode(bytes))
}

async function askOnce(frames: Frames, question: unknown): Promise<Uint8Array | null> {
  await frames.write(encode(question))
  const answer = await frames.read()
  return answer.length === 0 ? null : answer
}

function within(rate: RateLimiter, key: string): boolean {
  try {
    rate.consume(key)
    return true
  } catch {
    return false
  }
}

/** Streams to one peer wait for each other: beyond its limit, opening one more fails. */
function makeAsker(libp2p: Libp2p) {
  const queues = new Map<string, PQueue>()
  return async <T>(
    peer: string,
    protocol: string,
    totalMs: number,
    { signal }: AskOptions = {},
    talk: (frames: Frames) => Promise<T>,
  ): Promise<T> => {
    const id = findPeerId(peer)
    const queue = queues.get(peer) ?? new PQueue({ concurrency: MAX_REQUESTS_PER_PEER })
    queues.set(peer, queue)
    try {
      return await queue.add(async () => {
        signal?.throwIfAborted()
        const stream = await libp2p
          .dialProtocol(id, protocol, {
            ...(signal ? { signal } : {}),
            runOnLimitedConnection: isShort(protocol),
          })
          .catch((cause: Error) => {
            throw new ShoalError('peer_unreachable', `${peer}: ${cause.message}`, { cause })
          })
        return await converse(stream, { totalMs, signal }, talk)
      })
    } finally {
      if (queue.size === 0 && queue.pending === 0) queues.delete(peer)
    }
  }
}
