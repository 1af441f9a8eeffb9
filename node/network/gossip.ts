import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub'
import type { PeerId } from '@libp2p/interface'
import { RateLimiter } from '@libp2p/utils'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { isRecordsTopic, recordsTopic } from '../../protocol/topics.ts'
import type { Log } from '../log.ts'
import {
  AUTHOR_WINDOW_S,
  MAX_GOSSIP_BYTES,
  MAX_GOSSIP_FRAME_BYTES,
  MAX_OUTBOX,
  MAX_PER_AUTHOR,
  MAX_PER_NEIGHBOUR,
} from './limits.ts'

/**
 * What becomes of a gossiped record: `accept` passes it on, `ignore` drops it and blames nobody, `reject` counts
 * against whoever passed it on, and three of them in a short time make a node deaf to that peer: for forgery alone.
 */
export type Ruling = 'accept' | 'ignore' | 'reject'

export interface Listener {
  /**
   * Judge a record's bytes, at most MAX_GOSSIP_BYTES. `from` is the peer that handed it on, not its author. It should
   * take milliseconds; an error counts as `ignore`.
   */
  validate(bytes: Uint8Array, from: string): Ruling | Promise<Ruling>
  /** Called with what was accepted, once for each message. */
  deliver?(bytes: Uint8Array, from: string): void
}

export interface Gossip {
  /**
   * Tell everybody in the campaign. While nobody is there to hear, it waits in an outbox.
   *
   * @returns how many peers it was handed to; 0 while it waits
   * @throws ShoalError `gossip_oversize` beyond MAX_GOSSIP_BYTES
   */
  publish(campaign: CID, bytes: Uint8Array): Promise<number>
  /** Listen to a campaign's records. A second listener replaces the first. @returns what ends it */
  subscribe(campaign: CID, listener: Listener): () => void
  /** Peers known to listen to the campaign. */
  listeners(campaign: CID): string[]
}

/**
 * Scores within a topic. There are no penalties for silence: a campaign may have nothing to say for minutes. One
 * rejected message takes -20 (no gossip from that peer), two -80, three -180: beyond the graylist at -80. It wears
 * off within some minutes.
 */
const TOPIC_SCORE = {
  ...{ topicWeight: 1, timeInMeshWeight: 0.01, timeInMeshQuantum: 1000, timeInMeshCap: 300 },
  ...{ firstMessageDeliveriesWeight: 0.1, firstMessageDeliveriesDecay: 0.9, firstMessageDeliveriesCap: 50 },
  ...{ meshMessageDeliveriesWeight: 0, meshMessageDeliveriesDecay: 0.5, meshMessageDeliveriesCap: 100 },
  ...{ meshMessageDeliveriesThreshold: 20, meshMessageDeliveriesWindow: 10 },
  ...{ meshMessageDeliveriesActivation: 5000, meshFailurePenaltyWeight: 0, meshFailurePenaltyDecay: 0.5 },
  ...{ invalidMessageDeliveriesWeight: -20, invalidMessageDeliveriesDecay: 0.99 },
}

/** What exists in the router but not in its public types. */
interface Router {
  allowedTopics: { has(topic: string): boolean }
  opts: { scoreParams: { topics: Record<string, typeof TOPIC_SCORE> } }
}

/** Topics without a listener are not refused but ignored: their messages are neither kept nor passed on. */
class Validators extends Map<string, Validator> {
  override get(topic: string): Validator {
    return super.get(topic) ?? (() => TopicValidatorResult.Ignore)
  }
}
type Validator = (relayer: PeerId, message: Message) => TopicValidatorResult | Promise<TopicValidatorResult>

/** @param countNeighbours - whether many peers at one address are held against them: not where all share one */
export function makeRouter(countNeighbours: boolean): (components: GossipSubComponents) => GossipSub {
  return (components) => {
    const router = gossipsub({
      globalSignaturePolicy: 'StrictSign',
      fallbackToFloodsub: false,
      emitSelf: false,
      allowPublishToZeroTopicPeers: false,
      maxInboundDataLength: MAX_GOSSIP_FRAME_BYTES,
      scoreParams: countNeighbours ? {} : { IPColocationFactorWeight: 0 },
    })(components)
    // a set of names can't be given: a peer tells its topics once, perhaps before this node joins the campaign
    ;(router as unknown as Router).allowedTopics = { has: isRecordsTopic }
    router.topicValidators = new Validators()
    return router
  }
}

export function startGossip(router: GossipSub, log: Log): Gossip & { close(): void } {
  const authors = new RateLimiter({ points: MAX_PER_AUTHOR, duration: AUTHOR_WINDOW_S })
  const neighbours = new RateLimiter({ points: MAX_PER_NEIGHBOUR, duration: 1 })
  const outbox = new Map<string, Uint8Array[]>()
  const sending = new Set<string>()

  /** Send what waits, in order; what can't be sent now stays. @returns whom the last one was handed to */
  async function flush(topic: string): Promise<number> {
    const waiting = outbox.get(topic)
    if (waiting === undefined || sending.has(topic)) return 0
    sending.add(topic)
    let heard = 0
    try {
      while (waiting.length > 0 && router.getSubscribers(topic).length > 0) {
        heard = (await router.publish(topic, waiting[0]!)).recipients.length
        if (heard === 0) break
        waiting.shift()
      }
    } catch (error) {
      // subscribers whose streams are not open yet, or all of them below the score to publish to
      log.debug({ topic, reason: (error as Error).message }, 'gossip waits')
    } finally {
      sending.delete(topic)
      if (waiting.length === 0) outbox.delete(topic)
    }
    return heard
  }

  const flushAll = () => {
    for (const topic of outbox.keys()) void flush(topic)
  }
  router.addEventListener('subscription-change', flushAll)
  router.addEventListener('gossipsub:heartbeat', flushAll)

  return {
    async publish(campaign, bytes) {
      if (bytes.length > MAX_GOSSIP_BYTES) {
        throw new ShoalError(
          'gossip_oversize',
          `a record of ${bytes.length} bytes is more than the ${MAX_GOSSIP_BYTES} that are gossiped`,
        )
      }
      const topic = recordsTopic(campaign)
      const waiting = outbox.get(topic) ?? []
      outbox.set(topic, waiting)
      waiting.push(bytes)
      if (waiting.length > MAX_OUTBOX) waiting.splice(sending.has(topic) ? 1 : 0, 1)
      return flush(topic)
    },
    subscribe(campaign, { validate, deliver }) {
      const topic = recordsTopic(campaign)
      const validator: Validator = async (relayer, message) => {
        const from = relayer.toString()
        // both are within what an honest peer may do, so that it is not blamed: sync brings what is dropped here
        if (message.type !== 'signed' || message.data.length > MAX_GOSSIP_BYTES)
          return TopicValidatorResult.Ignore
        if (!take(neighbours, from) || !take(authors, message.from.toString()))
          return TopicValidatorResult.Ignore
        // a copy: whoever keeps it would keep the whole frame it lies in
        const bytes = new Uint8Array(message.data)
        const ruling = await validate(bytes, from)
        if (ruling === 'accept') deliver?.(bytes, from)
        return RESULTS[ruling]
      }
      ;(router as unknown as Router).opts.scoreParams.topics[topic] = TOPIC_SCORE
      router.topicValidators.set(topic, validator)
      router.subscribe(topic)
      return () => {
        // a later listener's
        if (router.topicValidators.get(topic) !== validator) return
        router.unsubscribe(topic)
        router.topicValidators.delete(topic)
        outbox.delete(topic)
      }
    },
    listeners: (campaign) => router.getSubscribers(recordsTopic(campaign)).map(String),
    close() {
      router.removeEventListener('subscription-change', flushAll)
      router.removeEventListener('gossipsub:heartbeat', flushAll)
    },
  }
}

const RESULTS: Record<Ruling, TopicValidatorResult> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

function take(limiter: RateLimiter, key: string): boolean {
  try {
    limiter.consume(key)
    return true
  } catch {
    return false
  }
}
