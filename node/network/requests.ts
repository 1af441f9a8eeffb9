import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { RateLimiter } from '@libp2p/utils'
import type { CID } from 'multiformats/cid'
import PQueue from 'p-queue'
import { cidOf } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { makeQuestion, type Question, readQuestion } from '../../protocol/requests.ts'
import { REQUEST_PROTOCOLS } from '../../protocol/topics.ts'
import type { Log } from '../log.ts'
import {
  FILE_PACE,
  FILE_PIECE_BYTES,
  FILE_SLACK_MS,
  MAX_ANSWERS,
  MAX_FILES,
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
  /**
   * @param sha256 - in lower-case hex
   * @returns the file of a model from `offset` on, in pieces of any length, or null; read while the asker takes it
   */
  file(sha256: string, offset: number, from: string): AsyncIterable<Uint8Array> | null
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
   * Ask a peer for a file of a model, from an offset on. Nothing comes where the peer lacks it. The bytes are not looked
   * at: whether they are those, and not too many, is for who takes them. They stay with the peer until they are taken,
   * which may not pause for longer than IDLE_MS.
   *
   * @throws ShoalError `request_*`, `peer_unreachable`
   */
  askFile(peer: string, question: Question<'file'>, options?: AskOptions): AsyncIterable<Uint8Array>
  /**
   * Synchronise with a peer: the asking side's part is `talk`, and the stream ends with it.
   *
   * @throws ShoalError `request_*`, `peer_unreachable`; whatever else `talk` throws
   */
  sync<T>(peer: string, talk: (frames: Frames) => Promise<T>, options?: AskOptions): Promise<T>
}

/** What is granted to each kind of answer: how many at once, and how long each may take. */
const GRANTS = {
  short: { most: MAX_ANSWERS, streams: MAX_STREAMS_IN, time: { totalMs: REQUEST_MS } },
  file: { most: MAX_FILES, streams: MAX_FILES, time: { totalMs: FILE_SLACK_MS, pace: FILE_PACE } },
  sync: { most: MAX_SYNCS, streams: MAX_SYNCS, time: { totalMs: SYNC_MS } },
}

/** Ask peers, and answer them. An answer is the envelope itself; an empty one says that there is none. */
export async function startRequests(libp2p: Libp2p, answers: Answers, log: Log): Promise<Requests> {
  const rate = new RateLimiter({ points: MAX_REQUESTS_PER_10_S, duration: 10 })
  const answering = { short: 0, file: 0, sync: 0 }

  const serve = (kind: keyof typeof REQUEST_PROTOCOLS, answer: Answer) => {
    const protocol = REQUEST_PROTOCOLS[kind]
    const grant = grantOf(kind)
    const { most, streams, time } = GRANTS[grant]
    return libp2p.handle(
      protocol,
      async (stream: Stream, connection: Connection) => {
        const from = connection.remotePeer.toString()
        if (answering[grant] >= most || !within(rate, from)) {
          stream.abort(new ShoalError('request_refused', 'too many requests'))
          return
        }
        answering[grant]++
        try {
          await converse(stream, time, (frames) => answer(frames, from))
        } catch (error) {
          log.debug({ from, protocol, reason: (error as Error).message }, 'a request ended early')
        } finally {
          answering[grant]--
        }
      },
      { maxInboundStreams: streams, runOnLimitedConnection: isShort(kind) },
    )
  }

  await serve('record', async (frames, from) => {
    const { campaign, segment } = readQuestion('record', await frames.read())
    await frames.write((await answers.record(campaign, segment, from)) ?? new Uint8Array())
  })
  await serve('campaign', async (frames, from) => {
    const { campaign } = readQuestion('campaign', await frames.read())
    await frames.write((await answers.campaign(campaign, from)) ?? new Uint8Array())
  })
  await serve('file', async (frames, from) => {
    const { sha256, offset } = readQuestion('file', await frames.read())
    for await (const bytes of answers.file(sha256, offset, from) ?? [])
      for (let i = 0; i < bytes.length; i += FILE_PIECE_BYTES)
        await frames.write(bytes.subarray(i, i + FILE_PIECE_BYTES))
    await frames.write(new Uint8Array())
  })
  await serve('sync', answers.sync)

  const ask = makeAsker(libp2p)
  return {
    askRecord: (peer, campaign, segment, options) =>
      ask(peer, 'record', options, (frames) =>
        askOnce(frames, makeQuestion('record', { campaign, segment })),
      ),
    askCampaign: (peer, campaign, options) =>
      ask(peer, 'campaign', options, async (frames) => {
        const envelope = await askOnce(frames, makeQuestion('campaign', { campaign }))
        if (envelope !== null && !cidOf(envelope).equals(campaign)) {
          throw new ShoalError('request_forged', `${peer} sent something else than campaign ${campaign}`)
        }
        return envelope
      }),
    askFile: (peer, question, options) =>
      readAll((talk) => ask(peer, 'file', options, talk), makeQuestion('file', question)),
    sync: (peer, talk, options) => ask(peer, 'sync', options, talk),
  }
}

/** What relays may carry: they allow 128 KiB and two minutes, and files and syncs are longer. */
function isShort(kind: keyof typeof REQUEST_PROTOCOLS): boolean {
  return kind === 'record' || kind === 'campaign'
}

function grantOf(kind: keyof typeof REQUEST_PROTOCOLS): keyof typeof GRANTS {
  return kind === 'file' || kind === 'sync' ? kind : 'short'
}

type Answer = (frames: Frames, from: string) => Promise<unknown>

async function askOnce(frames: Frames, question: Uint8Array): Promise<Uint8Array | null> {
  await frames.write(question)
  const answer = await frames.read()
  return answer.length === 0 ? null : answer
}

/** The messages of an answer that an empty one ends, each read when it is asked for. */
async function* readAll(
  ask: (talk: (frames: Frames) => Promise<void>) => Promise<void>,
  question: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const opened = Promise.withResolvers<Frames>()
  const taken = Promise.withResolvers<void>()
  const talk = ask((frames) => {
    opened.resolve(frames)
    return taken.promise
  })
  talk.catch(opened.reject)
  try {
    const { read, write } = await opened.promise
    await write(question)
    for (let bytes = await read(); bytes.length > 0; bytes = await read()) yield bytes
    taken.resolve()
    await talk
  } finally {
    // what is left of it is not wanted
    taken.reject(new ShoalError('request_aborted', 'no more is wanted of this file'))
    taken.promise.catch(() => {})
    await talk.catch(() => {})
  }
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
    kind: keyof typeof REQUEST_PROTOCOLS,
    { signal }: AskOptions = {},
    talk: (frames: Frames) => Promise<T>,
  ): Promise<T> => {
    const id = findPeerId(peer)
    const protocol = REQUEST_PROTOCOLS[kind]
    const grant = grantOf(kind)
    // files are long: nothing else waits for them
    const name = grant === 'file' ? `${peer} ${grant}` : peer
    const concurrency = grant === 'file' ? MAX_FILES : MAX_REQUESTS_PER_PEER
    const queue = queues.get(name) ?? new PQueue({ concurrency })
    queues.set(name, queue)
    try {
      return await queue.add(async () => {
        signal?.throwIfAborted()
        const stream = await libp2p
          .dialProtocol(id, protocol, {
            ...(signal ? { signal } : {}),
            runOnLimitedConnection: isShort(kind),
          })
          .catch((cause: Error) => {
            throw new ShoalError('peer_unreachable', `${peer}: ${cause.message}`, { cause })
          })
        return await converse(stream, { ...GRANTS[grant].time, signal }, talk)
      })
    } finally {
      if (queue.size === 0 && queue.pending === 0) queues.delete(name)
    }
  }
}
