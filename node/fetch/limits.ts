/** What a fetch asks of others, each with its reason. All of it is this node's own affair. */

/** Bytes of a file's leaves, and links of the nodes above them, as shards are laid out (profile unixfs-v1-2025). */
export const LEAF_BYTES = 1024 * 1024
export const FAN_OUT = 1024
/** Blocks under way at once, each up to a MiB in memory. */
export const MAX_AT_ONCE = 16
/** Sources of one fetch: beyond these the line is the limit. */
export const MAX_SOURCES = 16
/** Blocks asked of a source at once: at first, until it has shown its speed, and at most. */
export const FIRST_WINDOW = 2
export const MAX_WINDOW = 8
/** Milliseconds in which a block came quickly, so that one more may be asked for; and slowly, so that it is one fewer. */
export const QUICK_MS = 2_000
export const SLOW_MS = 10_000
/** Milliseconds for one block: a home's uplink gives half a megabit. */
export const BLOCK_MS = 30_000
/** Milliseconds that a source is left alone after it failed, times the failures in a row; and how many end it. */
export const REST_MS = 5_000
export const MAX_FAILURES = 3
/** Blocks in a row that a source lacked, and gave none, before it is taken to have nothing of it. */
export const MAX_MISSES = 8
/** A block that takes so many times the usual, and at least this long, is asked of a second source as well. */
export const LATE_FACTOR = 3
export const LATE_MS = 500
/** Milliseconds between two looks at what is late or rested. */
export const LOOK_MS = 100
/** Blocks written before the disk is to have them: what a power cut may cost. */
export const BLOCKS_PER_SYNC = 512
/** Connections to one gateway. */
export const GATEWAY_CONNECTIONS = 8
/** Milliseconds to a gateway's headers, and between two pieces of its answer. */
export const GATEWAY_IDLE_MS = 15_000
