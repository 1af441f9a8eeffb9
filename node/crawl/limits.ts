/** What reading an archive may cost, whatever is in it. */

/** Bytes of the source that one task reads: few, since results wait in memory for their turn. */
export const SLICE_BYTES = 512 * 1024
/** Bytes that a task sees beyond its slice, for the record that crosses the border. Doubled where they don't suffice. */
export const LOOKAHEAD_BYTES = 512 * 1024
/** Bytes of one stored (compressed) record. With a page's or an image's limit far below, larger ones are of no use. */
export const MAX_STORED_BYTES = 32 * 1024 * 1024
/** Bytes of one inflated record: an image's limit of 10 MiB with its headers, and room. Ends gzip bombs. */
export const MAX_INFLATED_BYTES = 16 * 1024 * 1024
/** Bytes of one record's own header, and of the HTTP header inside. Node's own HTTP parser stops at 16 KiB. */
export const MAX_HEADER_BYTES = 64 * 1024
/** Characters of a page's address. Common Crawl's longest are about 2,000. */
export const MAX_PAGE_URL_CHARS = 8_192
/** Characters of an image's or licence's address as written, before any rule looks at it. */
export const MAX_RAW_URL_CHARS = 16_384
/** Characters of an address that a rule has refused: enough to recognise a data: URI by. */
export const MAX_DROPPED_URL_CHARS = 256
/** Characters of a text before normalisation, which shortens it: four times what any published rule keeps. */
export const MAX_RAW_TEXT_CHARS = 8_192
/** Characters of a `srcset`. */
export const MAX_SRCSET_CHARS = 16_384
/** Candidates in one message to the main thread: about 1 ms of its event loop. */
export const BATCH_CANDIDATES = 500
/** Characters of results after which a task hands over what it has: bounds memory on archives made to fill it. */
export const MAX_RESULT_CHARS = 8 * 1024 * 1024
/** Bytes of a whole-file gzip that are inflated to disk, so that one image after the other can be read from it. */
export const MAX_SPOOL_BYTES = 16 * 1024 ** 3
