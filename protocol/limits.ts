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

/** Bytes of a raw Ed25519 public key, and of a signature (RFC 8032). */
export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
/** UTF-8 bytes of a name, a version or a label that people read: it fits a line of a terminal or two. */
export const MAX_LABEL_BYTES = 200
/** UTF-8 bytes of an address: what browsers and servers agree on in practice. */
export const MAX_ADDRESS_BYTES = 2000
/** Sources of a campaign: all crawls of a year of Common Crawl. */
export const MAX_SOURCES = 16
/** Entries of a source's list: Common Crawl's have 100,000. */
export const MAX_LIST_ENTRIES = 10_000_000
/** Equal parts of a file: a 1 GB WARC in parts of 1 MB, each still some dozens of records. */
export const MAX_PARTS = 1024
/** Segments of a campaign, and rows of a shard: they fit a 32-bit column and any language's integers. */
export const MAX_INDEX = 2 ** 31 - 1
/** Files of a model, and bytes of one: the largest published CLIP is 10 GB with its external data. */
export const MAX_MODEL_FILES = 32
export const MAX_MODEL_FILE_BYTES = 64 * 1024 ** 3
/** Heads of a campaign: each looks at every picture that is kept. */
export const MAX_HEADS = 8
/** Bytes of a head's file: what ONNX's format, protocol buffers, can express. */
export const MAX_HEAD_BYTES = 2 ** 31 - 1
/** Pixels of a head's side: the largest known classifiers take half of it. */
export const MAX_HEAD_SIDE = 1024
/** Classes of a head: those of ImageNet. */
export const MAX_HEAD_CLASSES = 1000
/** Characters that a campaign may allow a text or an address: a row stays far below a page. */
export const MAX_RULE_CHARS = 100_000
/** Entries of a rule's list: ISO 639-1 has 184 languages. */
export const MAX_RULE_ENTRIES = 200
/** Operators a campaign lists: 32 KB of keys, far below a record's limit. */
export const MAX_OPERATORS = 1000
/** Custodians a campaign lists: each of them answers to people, and each has to be heard for a fresh list of removals. */
export const MAX_CUSTODIANS = 32
/** Verifiers of a segment, and rows each looks at: beyond these the audit costs more than the work. */
export const MAX_VERIFIERS = 16
export const MAX_SAMPLES = 10_000
/** Files of a shard: two today. */
export const MAX_SHARD_FILES = 16
/** Pixels along one side of an image: what JPEG and GIF can express. Longer PNGs are traps: one line is megabytes. */
export const MAX_IMAGE_SIDE = 65_535
/**
 * Bytes a decoder may hold at once for one image, reckoned from its header: interlaced PNGs and progressive JPEGs
 * are kept whole, so that a few hundred kilobytes can ask for 400 MB below the limit of pixels. 50 Mpx as RGBA fit.
 */
export const MAX_DECODE_BYTES = 192 * 1024 * 1024
/**
 * Claims of one key taken in within CLAIM_WINDOW_MS. A machine with 100 segments at once renews 50 in that time; a
 * key that claims all it can gets 720 leases of an hour at a time, not the campaign.
 */
export const MAX_CLAIMS_PER_WINDOW = 120
/**
 * Claims of one key taken in by sync within SYNCED_CLAIMS_WINDOW_MS: as many as gossip may bring before the first of
 * them is over, so that a newcomer gets all that others hold, and a burst that was more than gossip takes is made up for.
 */
export const MAX_SYNCED_CLAIMS_PER_WINDOW = 1560
/**
 * Back-offs of one key taken in within CLAIM_WINDOW_MS: a node honestly meets some dozens of hosts that ask for a pause,
 * and a key that lies silences some 360 hosts at a time (see HEARSAY_MS), not the web.
 */
export const MAX_BACKOFFS_PER_WINDOW = 60
/** Bytes of a host's name without its port: 255 on the wire (RFC 1035, 2.3.4), of which two are no characters. */
export const MAX_HOST_BYTES = 253
/** Shards of one peer with the same `seq` that are kept: two prove the fork, more only fill disks. */
export const MAX_SHARDS_PER_SEQ = 2
/** Peers that a verdict names who gave it the shard's blocks: whoever is beyond gave little. */
export const MAX_SERVERS = 16
/** Bytes that a shard's blocks may have, and for each of its rows: nobody is credited with more for one verdict. */
export const SHARD_BASE_BYTES = 1_048_576
export const SHARD_ROW_BYTES = 4_096
/** Bytes of the name of an operator or a team: it stands in a column of a list. */
export const MAX_CALLED_BYTES = 48
/** Forged rows that a verdict lists, and rows of others' verdicts that it says a word on: each is one too many. */
export const MAX_ACCUSED = 16
/** Facts given for a forged row, and bytes of one: with all of them a verdict is half of what is gossiped, 64 KiB. */
export const MAX_EVIDENCE = 6
export const MAX_EVIDENCE_BYTES = 256
/** Verdicts of one peer on one shard that are kept: two different ones prove that it speaks with two tongues. */
export const MAX_VERDICTS_PER_SHARD = 2
/**
 * Verdicts of one key taken in within CLAIM_WINDOW_MS: a machine with 100 segments at once does some 30 in that time
 * and owes three audits for each.
 */
export const MAX_VERDICTS_PER_WINDOW = 120
/** Bits of 256 in which PDQs of one image may differ, by what decoders round otherwise: PDQ's authors see up to 10. */
export const PDQ_SAME = 10
/** Bits up to which PDQ's authors take two images for the same picture, scaled or compressed again. */
export const PDQ_NEAR = 31
/** Quality from which an image has a PDQ, as its authors advise, and how far two decoders' may be apart. */
export const PDQ_QUALITY = 50
export const PDQ_QUALITY_STRAY = 5
/** Votes by which a shard must be found forged: one verifier's hardware may be broken, or its word a lie. */
export const CONVICTING_LEAD = 2
/** Valid shards in a row after which a producer is audited less, as in BOINC's adaptive replication. */
export const TRUSTED_AFTER = 10
/** Standard deviations that a shard's share of unverifiable rows may be above the campaign's. */
export const HELD_DEVIATIONS = 3
/** Share of unverifiable rows that is nobody's fault, however few a campaign has met: the web forgets more in a year. */
export const USUAL_UNVERIFIABLE = 0.02
/**
 * Bytes after a place in which a page is looked for: a stretch of an archive with that many and no page has videos or
 * the like. All verifiers have to stop at the same byte, or they would not look at the same page.
 */
export const MAX_SEARCH_BYTES = 8 * 1024 * 1024
/** Removals of one source in one campaign with the same `seq` that are kept: two prove the fork, more only fill disks. */
export const MAX_REMOVALS_PER_SEQ = 2
/**
 * Gossiped removals of one key that is no custodian's taken in within CLAIM_WINDOW_MS: more than people ask one node for
 * in that time. What is beyond comes by sync.
 */
export const MAX_REMOVALS_PER_WINDOW = 60
/**
 * Removals of one key that is no custodian's taken in by sync within SYNCED_CLAIMS_WINDOW_MS: a newcomer gets all that a
 * node that many people ask has signed in its last thirty days, and a key that floods fills no disk in an hour.
 */
export const MAX_SYNCED_REMOVALS_PER_WINDOW = 10_000
/** Heads of one custodian taken in within CLAIM_WINDOW_MS: one for each removal that people wait for, and some. */
export const MAX_HEADS_PER_WINDOW = 60
/** Bytes of a sha256, as removals and their root have it. */
export const HASH_BYTES = 32
/** Shards that a page of a release lists: a block of 900 kB at most, below MAX_RECORD_BYTES. */
export const MAX_PAGE_ENTRIES = 4096
/** Pages of a release: 67 million shards, of which the content is a block of 700 kB. */
export const MAX_RELEASE_PAGES = 16_384
/** Files that an attestation covers: 150 kB of links, far below a record's limit; and lists that they were looked up in. */
export const MAX_ATTESTED = 4096
export const MAX_SCANNED_LISTS = 16
/** Things that one request asks to be removed: what a person can look through, and who decides on it. */
export const MAX_SUBJECTS_ASKED = 16
/** Campaigns that a receipt names: those of a node that many crawls were made with alone. */
export const MAX_CAMPAIGNS_ASKED = 256
/** Subjects of each kind in a feed of removals: as many as a blocklist may have; 320 MB. */
export const MAX_FEED_ENTRIES = 10_000_000
