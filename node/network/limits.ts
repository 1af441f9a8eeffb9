/** What a node grants to its peers, each with its reason. All of it is this node's own affair. */

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const MIB = 1024 * 1024

/**
 * Bytes of one gossiped record. A claim is 400, a verdict with its evidence some tens of thousands; whatever is larger
 * is fetched by its CID.
 */
export const MAX_GOSSIP_BYTES = 64 * 1024
/**
 * Bytes of one gossip frame. Beyond it the receiver stops reading from the **sender**, whoever wrote the messages in
 * it; an honest peer's answer to a late one bundles what it heard in the last five seconds.
 */
export const MAX_GOSSIP_FRAME_BYTES = 8 * MIB
/** Records of one author taken within AUTHOR_WINDOW_S: an outbox that was full, and a busy machine's claims. */
export const MAX_PER_AUTHOR = 400
export const AUTHOR_WINDOW_S = 60
/** Records by way of one neighbour in a second: ten thousand nodes that renew their leases write ten. */
export const MAX_PER_NEIGHBOUR = 500
/** Records waiting, for each campaign, until somebody is there to hear them. Sync brings the others. */
export const MAX_OUTBOX = 256

/** Requests under way to one peer; its own limit of streams is never met. */
export const MAX_REQUESTS_PER_PEER = 8
/** Streams of one request protocol that a connection may hold open here. */
export const MAX_STREAMS_IN = 16
/** Requests answered at once, for all peers together, and ledgers synchronised: each takes database and CPU. */
export const MAX_ANSWERS = 64
export const MAX_SYNCS = 8
/** Requests of one peer answered in a second, on average over ten. */
export const MAX_REQUESTS_PER_10_S = 200
/** A message comes, or is taken, within this time, or the stream ends. */
export const IDLE_MS = 20 * SECOND
/** A question and its answer; one synchronisation, which bounds itself more tightly. */
export const REQUEST_MS = 20 * SECOND
export const SYNC_MS = 90 * SECOND
/** Files of models given at once, for all peers together, and taken at once from one: they take hours, and the line. */
export const MAX_FILES = 2
/**
 * Bytes a second of a file, and how long it may be slower: half of what the slowest home gives, so that nobody holds
 * one of the few places for ever.
 */
export const FILE_PACE = 32 * 1024
export const FILE_SLACK_MS = 60 * SECOND
/** Bytes of a file in one message: a slow home sends it in time, and other streams don't wait for it. */
export const FILE_PIECE_BYTES = 256 * 1024
/** Bytes of one stream that wait to be read here, before the sender has to wait. */
export const STREAM_WINDOW_BYTES = 2 * MIB

/** Bytes of one message of bitswap that is read from a peer who was asked for blocks: others fill them up to this. */
export const MAX_BITSWAP_BYTES = 4 * MIB
/** The same from one who was not asked: his wants have some 50 bytes each, and others send them 16 KiB at a time. */
export const MAX_WANTS_BYTES = 256 * 1024
/** Wants, blocks and answers in one message: what MAX_WANTS_BYTES has room for. */
export const MAX_BITSWAP_ENTRIES = 8_192
/** Streams of bitswap that a connection may hold open here: others open one for every message. */
export const MAX_BITSWAP_STREAMS = 16
/**
 * Wants of one peer that wait for their answers here: as many as Kubo and Helia keep. What is beyond them is forgotten,
 * and no more is read from that peer until some are answered.
 */
export const MAX_WANTS = 1_024
/** Bytes of blocks after which a message of answers is sent: one block more may be in it, or a thousand small ones. */
export const ANSWER_BYTES = 512 * 1024
export const MAX_ANSWER_ENTRIES = 1_024
/**
 * Answers made at once. Of so many peers each has one on its way and one being made, 48 MiB together; of more each has one
 * alone, which is 1.5 MiB a connection where all are slow.
 */
export const MAX_BLOCK_ANSWERS = 16
/** An answer is taken within this time, half of what the slowest home gives, or the stream ends. */
export const ANSWER_MS = 60 * SECOND
/** Blocks asked of one peer at once: they wait for each other at it, and more would wait in memory here. */
export const MAX_BLOCKS_ASKED = 32
/** How long a peer may answer none of what it was asked for: a MiB takes 32 s at FILE_PACE. */
export const BLOCK_SILENCE_MS = 40 * SECOND
/** Blocks that were wanted of a peer lately: when they come late, or twice, nobody has forged anything. */
export const MAX_BLOCKS_REMEMBERED = 4_096
/** A stream without messages is kept for the next one as long; others end one after 10 s. */
export const BITSWAP_LINGER_MS = 2 * SECOND
export const BITSWAP_IDLE_MS = 60 * SECOND

/** Writing to the DHT and looking things up in it: a network of thousands answers within seconds. */
export const PROVIDE_MS = 60 * SECOND
export const LOOKUP_MS = 20 * SECOND
/** When a key that nobody took is announced again. */
export const PROVIDE_AGAIN_MS = 5 * SECOND
/** Keys announced at once: each talks to twenty peers. */
export const MAX_PROVIDES = 8
/** Of those that are not in a hurry: ten thousand shards, a second each, take less than an hour. */
export const MAX_LATER_PROVIDES = 4
/** Providers of a key that are looked at: more hold no more news. */
export const MAX_PROVIDERS = 20

/** Connections of a node: a home router forgets some beyond a few hundred. */
export const MAX_CONNECTIONS = 150
/** Below this, known peers are called: gossip's mesh is eight, and some of them leave. */
export const ENOUGH_CONNECTIONS = 24
/** Peers called at once, and how long one is left alone that did not answer. */
export const MAX_CALLS = 8
export const CALL_AGAIN_MS = 30 * SECOND
/** How often it is looked whether connections are too few, or deaf. */
export const LOOK_MS = 10 * SECOND

/** How often connections are tried, and how long an answer may take: nodes are busy, and a laptop's lid closes. */
export const PING_EVERY_MS = 20 * SECOND
export const PING_MS = 10 * SECOND
/** Pings at once on a connection: the DHT's and the connection's own. */
export const MAX_PINGS = 16

/** How long a peer that misbehaved is refused: an operator repairs it, or the next fault shuns it again. */
export const SHUN_MS = 600 * SECOND

/** How long addresses and peers are remembered: provider records live 48 h, and are useless without addresses. */
export const ADDRESS_AGE_MS = 48 * HOUR
export const PEER_AGE_MS = 7 * 24 * HOUR
