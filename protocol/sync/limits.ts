/** What both sides of a sync must agree on, each with its reason. */

/** Ids in one message: half a MiB. */
export const MAX_IDS = 16_384
/** Records that one message asks for: as many as fit into it, and some tenths of a second of signature checks. */
export const MAX_PULL = 1_000
/** Records in one message: the smallest envelope of all, with an empty body, has 150 bytes. */
export const MAX_RECORDS = 7_000
/** Bytes of records in one message: it stays below a MiB with its frame, whatever the last record's length. */
export const RECORDS_BYTES = 768 * 1024
/** Requests of one sync, and bytes of all messages, both ways: some 100,000 records. */
export const MAX_REQUESTS = 256
export const MAX_SYNC_BYTES = 64 * 1024 * 1024
/** Milliseconds of a whole sync: what a home's line carries in it, the next sync goes on from there. */
export const SYNC_MS = 60_000
/** Milliseconds of silence: a small computer checks the thousand signatures of one message in a second. */
export const SILENCE_MS = 15_000
/**
 * What may change on the other side while a sync runs: in the largest network some tens of claims come and go in that
 * time. Beyond it, digests that do not fit the ids are a lie.
 */
export const MAX_FLUX = 64
