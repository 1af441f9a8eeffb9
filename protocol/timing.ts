/** Every span of time that nodes must agree on, in milliseconds, each with its reason. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** How far two honest clocks may be apart. NTP keeps them within a second; a laptop that just woke up is off by more. */
export const SKEW_MS = 2 * MINUTE
/** After its claim a node waits this long before it looks again and starts: some times what gossip takes to reach all. */
export const CONTENTION_MS = 15_000
/** A claim holds this long: a crashed node's segment is free again soon, and a short loss of the network costs nothing. */
export const LEASE_MS = HOUR
/** A lease is renewed this often, so that two renewals may be lost before it runs out. */
export const RENEW_MS = 20 * MINUTE
/** No claim may end later than this from now: a segment can't be blocked by one that is never heard of again. */
export const MAX_AHEAD_MS = 2 * HOUR
/** A lease ends for good after this, however often renewed: whoever never delivers blocks a segment for a day at most. */
export const MAX_HOLD_MS = 24 * HOUR
/** A peer counts as active for this long after its latest record: volunteers' machines that sleep at night stay in. */
export const ACTIVE_MS = 24 * HOUR
/** A peer at work is heard of more often than this, by its renewals: one that is not may be cut off, or gone. */
export const QUIET_MS = 25 * MINUTE
/** Gossiped claims of one key, and back-offs, are counted over this long, see MAX_CLAIMS_PER_WINDOW. */
export const CLAIM_WINDOW_MS = 10 * MINUTE
/** Claims of one key that come by sync are counted over this long: no claim is of use after it, but for the skew. */
export const SYNCED_CLAIMS_WINDOW_MS = 2 * HOUR
/** A host is believed to ask for no longer a pause than this: quotas are by the day at most, longer ones are mistakes. */
export const MAX_BACKOFF_MS = 24 * HOUR
/**
 * What another node says of a host is heeded for this long after it was said: a lie is over soon, and a host that does
 * ask for longer is asked once an hour by whoever needs it, who then tells the others again.
 */
export const HEARSAY_MS = HOUR
/** Who verifies a shard is drawn anew after this: a verifier that is away blocks nothing for longer than a day. */
export const EPOCH_MS = 24 * HOUR
/** How long the verifiers of the next rank wait for a verdict: what one takes that also crawls, with some to spare. */
export const PATIENCE_MS = 10 * MINUTE
/** People who ask for a removal get an answer within this: no month is shorter (GDPR, article 12.3, allows a month). */
export const ANSWER_MS = 28 * 24 * HOUR
/**
 * A custodian's word on its removals holds for this long: nobody exports what was removed more than a day ago, and a
 * custodian whose node is away for a night holds nobody up.
 */
export const MAX_HEAD_MS = 24 * HOUR
/**
 * Removals of those who are no custodians last for this long: time for the custodians to look into each, and an end to
 * what nobody confirms.
 */
export const MAX_PROVISIONAL_MS = 30 * 24 * HOUR
