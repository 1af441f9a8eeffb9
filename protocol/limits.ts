/** Every limit of the network and of a node's dealings with the world, each with its reason. */

/** Image addresses: schemes' default ports only, so that a page can't make nodes probe services. */
export const WEB_PORTS: readonly number[] = [80, 443]
/** Redirects followed for one image. Browsers allow 20; five covers http→https→www→CDN and ends loops soon. */
export const MAX_REDIRECTS = 5
/** Milliseconds to a TCP and TLS connection. */
export const CONNECT_TIMEOUT_MS = 5_000
/** Milliseconds to an answer's headers. */
export const HEADERS_TIMEOUT_MS = 10_000
/** Milliseconds for one fetch with its redirects: a slow drip defeats every idle time-out. */
export const FETCH_TIMEOUT_MS = 30_000
/** Bytes of one image file. LAION's largest are about 10 MB; beyond lies abuse of memory. */
export const MAX_IMAGE_BYTES = 10 * 1024 * 1024
/** Pixels that are decoded whatever a campaign allows: 50 Mpx is 200 MB as RGBA. */
export const MAX_IMAGE_PIXELS = 50_000_000
/** Bytes of one gossiped message or record. */
export const MAX_RECORD_BYTES = 1024 * 1024
/** Bytes of one decoded page. Common Crawl cuts pages at 1 MiB (5 MiB since 2025). */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024
/** Candidates of one page: beyond this a page is a trap. */
export const MAX_CANDIDATES_PER_PAGE = 10_000
/** UnixFS leaves: bitswap's and the gateways' usual block. */
export const BLOCK_BYTES = 1024 * 1024
