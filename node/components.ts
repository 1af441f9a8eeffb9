/**
 * The data that passes between the parts of a node, and what each part offers to its siblings.
 * A part's code lies in its own folder behind one door, `<part>/<part>.ts`; siblings know it by these types alone.
 */
import type { CID } from 'multiformats/cid'
import type { Dispatcher } from 'undici'
import type { Outcome } from '../protocol/outcomes.ts'
import type { FilterRules, ImageFormat, Thresholds } from '../protocol/rules/filter.ts'
import type { Tag } from '../protocol/rules/tags.ts'
import type { Log } from './log.ts'
import type { Failure } from './web/web.ts'

/** One `<img>` with alt text. `outcome` is set where extraction or a text rule has decided already. */
export interface Candidate {
  /** position of the `<img>` among all `<img>` of its page, from 0 */
  ordinal: number
  /** absolute image address, or the raw attribute where it does not resolve */
  url: string
  /** normalised text */
  text: string
  /** ISO 639-1 code, or null where the detector is not sure */
  language: string | null
  /** href of the `rel=license` link in force, absolute, or null */
  license: string | null
  outcome: Outcome | null
}

/** One response record of a segment (or its WAT metadata) and the candidates on it, in document order. */
export interface Page {
  url: string
  /** where the page's record lies: file name, byte offset of its gzip member or record, its length there */
  warcPath: string
  warcOffset: number
  warcLength: number
  /** where the segment's own file has it: the same of a WARC, the metadata's record of a WAT */
  sourceOffset: number
  sourceLength: number
  /** when it was archived, milliseconds since 1970; null where that is not known */
  date: number | null
  /** opt-out signals seen on the page as `source: value`, e.g. `meta robots: noai` */
  signals: string[]
  candidates: Candidate[]
}

/** Where the body of an image response lies inside the segment's own WARC. */
export interface ArchivedImage {
  url: string
  warcOffset: number
  warcLength: number
}

/** What a segment yields, in file order; `images` names pictures found inside the WARC. */
export interface Extracted {
  pages: Page[]
  images: ArchivedImage[]
  counts: SegmentCounts
}

/** Running totals of one segment's reading; they only grow. */
export interface SegmentCounts {
  /** bytes of the source read so far, as stored (compressed) */
  bytes: number
  records: number
  responses: number
  htmlPages: number
  /** records stepped over because they were malformed or truncated */
  badRecords: number
  /** `<img>` tags seen, with or without alt */
  imgs: number
  candidates: number
}

/** An image as it came from the archive or the web, before decoding. */
export interface FetchedImage {
  bytes: Uint8Array
  /** where it came from at last, after redirects */
  finalUrl: string
  from: 'archive' | 'web'
  status: number
  contentType: string | null
  /** opt-out signals seen on the image's own response and in its host's files, refusing or not */
  signals: string[]
  /** when each of them was seen, milliseconds since 1970 */
  signalsAt: number[]
  /** milliseconds since 1970 */
  fetchedAt: number
}

/** Fetching ends in an image or in an outcome with a detail for the record (`503`, `robots.txt: CCBot`). */
export type FetchResult =
  | { ok: true; image: FetchedImage }
  | { ok: false; outcome: Outcome; detail: string; signals: string[] }

export interface DecodedImage {
  format: ImageFormat
  /** of the picture as stored, after EXIF orientation */
  width: number
  height: number
  bytes: number
  /** lower-case hex */
  sha256: string
  md5: string
  /** 64 hex digits, or null below PDQ quality 50 */
  pdq: string | null
  /** 0..100 */
  pdqQuality: number
  /** where they were asked for, the PDQs of the picture as it is, mirrored and turned: eight, or none below that quality */
  turnedPdqs: string[]
  /** opt-out signals in the file's own metadata */
  signals: string[]
  /** the model's crop: RGB, interleaved, `size * size * 3` bytes */
  crop: Uint8Array
  /** the pictures that were asked for besides, in their order, as RGB as well */
  views: Uint8Array[]
}

export type DecodeResult =
  | { ok: true; image: DecodedImage }
  /** `sha256` of the file in lower-case hex; null where the decoder died of it */
  | { ok: false; outcome: Outcome; detail: string; sha256: string | null }

export interface Score {
  /** cosine of the two embeddings */
  similarity: number
  /** L2-normalised image embedding */
  embedding: Float32Array
}

/** A row of `pairs.parquet` before it is written. */
export interface Pair {
  url: string
  text: string
  width: number
  height: number
  similarity: number
  language: string | null
  license: string | null
  pageUrl: string
  warcPath: string
  warcOffset: number
  warcLength: number
  imageOrdinal: number
  sha256: string
  md5: string
  pdq: string | null
  fetchedAt: number
  signals: string[]
  /** when each of them was seen, milliseconds since 1970 */
  signalsAt: number[]
  /** probabilities, null where nothing that tells them ran */
  nsfw: number | null
  watermark: number | null
  /** names of protocol/rules/tags.ts */
  tags: string[]
  /** how many were found, null where nobody looked */
  faces: number | null
  /** `[[x, y, width, height, score], …]` as JSON, in fractions of the picture's sides */
  faceBoxes: string | null
  /** float16 bits of the L2-normalised image embedding */
  embedding: Uint16Array
}

/** A row of `outcomes.parquet`: one for every candidate, in segment order. */
export interface CandidateOutcome {
  url: string
  pageUrl: string
  warcPath: string
  warcOffset: number
  warcLength: number
  imageOrdinal: number
  outcome: Outcome
  detail: string | null
  similarity: number | null
  /** of the image, where it was fetched and as far as it was looked into; lower-case hex */
  sha256: string | null
  pdq: string | null
  /** where the segment's own file has the page's record */
  sourceOffset: number
  sourceLength: number
  /** where the segment's own file has the image, if it was taken from there */
  imageOffset: number | null
  imageLength: number | null
}

/** How a model wants its picture: read from its `preprocessor_config.json`. */
export interface CropGeometry {
  /** `crop`: shortest edge to `resize`, then the centre; `stretch`: both edges to the size, no crop */
  mode: 'crop' | 'stretch'
  /** shortest edge before the crop, pixels */
  resize: number
  /** the model's input, pixels */
  width: number
  height: number
  kernel: 'nearest' | 'linear' | 'cubic' | 'lanczos3'
}

/** How a picture is wanted besides the model's crop. */
export interface ViewGeometry {
  /** `stretch`: both edges to the size; `crop`: the middle, of the greatest such part; `pad`: all of it, black beside */
  fit: 'stretch' | 'crop' | 'pad'
  width: number
  height: number
}

/**
 * What must be neither asked for nor told of: what this machine's blocklists name, and what is removed from a campaign, both
 * as they are at that moment.
 */
export interface Gate {
  /** Whether an image is named by its address, its host, the host of its page or its pair's uid. */
  hasAddress(url: string, pageUrl: string, uid?: string): boolean
  /** whether it is worth knowing a pair's uid */
  namesPairs(): boolean
  /** Whether a file is named, before it is decoded. Its address is remembered: nobody is asked for it again. */
  hasFile(url: string, bytes: Uint8Array): boolean
  /** The same of what is to be seen. @param pdqs - 64 hex digits each, of the picture mirrored and turned */
  hasPicture(url: string, pdqs: readonly string[]): boolean
  /** whether it is worth knowing those */
  namesPictures(): boolean
  /** Whether anything that is known of an image is named. Hashes are in lower-case hex. */
  hasRow(row: {
    url: string
    pageUrl: string
    uid: string
    sha256: string | null
    md5: string | null
    pdq: string | null
  }): boolean
}

/** The way out to the web, for pictures and archives alike. */
export interface Web {
  /**
   * for undici's `request`: addresses are judged at every request, lookup and connection; what is refused rejects
   * with an error that `describeError` knows
   */
  readonly dispatcher: Dispatcher
  /** @returns the address parsed, or why nobody is asked for it; host names pass, their addresses are judged later */
  judge(address: string | URL): URL | Failure
  /** most that is read of all answers together, or null */
  bytesPerSecond(): number | null
  /** Set another such limit, which holds at once. */
  limit(bytesPerSecond: number | null): void
  /** Breaks off what is under way. */
  close(): Promise<void>
}

/** Reading segments: WARC and WAT into candidates. */
export interface Crawl {
  /**
   * Read one segment from beginning to end, in file order, parsing in worker threads.
   * One bad record never ends it; a source that can't be read at all throws.
   */
  extract(source: SegmentSource, rules: FilterRules, signal?: AbortSignal): AsyncIterable<Extracted>
  /**
   * The HTTP response held by one record of a WARC: its headers, and its body decoded, at most `maxBytes`. Of several
   * in one gzip member the first, or the first of `url`.
   */
  readResponse(
    source: SegmentSource,
    record: { warcOffset: number; warcLength: number; url?: string },
    maxBytes: number,
  ): Promise<ArchivedResponse>
  /**
   * Open a segment to look at single records of it, by reads of little more than those. To be closed.
   *
   * @throws ShoalError as `extract`; `source_size_unknown`
   */
  openRecords(source: SegmentSource, rules: FilterRules, signal?: AbortSignal): Promise<SegmentRecords>
  close(): Promise<void>
}

/** The records of one segment, each as `extract` sees it. */
export interface SegmentRecords {
  /** the segment's first byte, and the one after its last, in the positions that places refer to */
  start: number
  end: number
  /** @returns what the record at this very place holds, or null where none begins there and ends with this length */
  extractAt(place: { offset: number; length: number }): Promise<ExtractedRecord | null>
  /**
   * The record with candidates that begins at or next after a byte, or if none does, the segment's first.
   *
   * @returns null where none is met within MAX_SEARCH_BYTES
   */
  extractNext(from: number): Promise<ExtractedRecord | null>
  close(): Promise<void>
}

export interface ExtractedRecord {
  /** as `sourceOffset` and `sourceLength` of its pages */
  offset: number
  length: number
  /** whether an HTML page is in it, with candidates or without */
  isPage: boolean
  /** those with candidates, each whole, however many it has; of several records where one gzip member holds them */
  pages: Page[]
}

/** @see Crawl.readResponse */
export interface ArchivedResponse {
  url: string
  /** WARC-Date, milliseconds since 1970 */
  date: number
  status: number
  headers: [string, string][]
  body: Uint8Array
}

export interface SegmentSource {
  kind: 'warc' | 'wat'
  /** a file's path, or an http(s) URL */
  location: string
  /** how rows name the WARC: the campaign's own entry, never a path of this machine */
  name: string
  /** part `index` of `count` equal parts of the file; the whole is 0 of 1 */
  part: { index: number; count: number }
}

/** Getting pictures: from the web within limits, and from bytes to pixels and fingerprints. */
export interface Images {
  /**
   * @param makeRoom - asked before so many bytes of the image, in all, are held in memory; until it settles the
   *   body stays on the server, however long that takes
   */
  fetch(url: string, signal?: AbortSignal, makeRoom?: (bytes: number) => Promise<void>): Promise<FetchResult>
  /**
   * Put off requests to a host because others say that it wants to be left alone. It is heeded for HEARSAY_MS at
   * most, and shortens nothing that the host itself asked for.
   *
   * @param host - with its port where that is not the scheme's own, as a URL's `host` has it
   * @param untilMs - milliseconds since 1970
   */
  leaveAlone(host: string, untilMs: number): void
  /**
   * @param views - what is wanted besides the crop
   * @param turned - whether the PDQs of the mirrored and turned picture are
   */
  decode(
    bytes: Uint8Array,
    geometry: CropGeometry,
    rules: FilterRules,
    views?: readonly ViewGeometry[],
    turned?: boolean,
  ): Promise<DecodeResult>
  close(): Promise<void>
}

/** One device that a scorer computes on. */
export interface DeviceUse {
  /** `cpu`, `webgpu`, `cuda:1` */
  device: string
  /** for manifests: `cpu/fp32` */
  deviceClass: string
  /** most pairs of one batch, as found by trial */
  batch: number
  /** pairs scored since it was opened */
  pairs: number
  /** seconds since then in which it had a batch to work on */
  busySeconds: number
  /** what it could not do, in words: `ran out of memory, batches of 32 now`; null where nothing was wrong */
  trouble: string | null
}

export interface Scorer {
  readonly geometry: CropGeometry
  /** what identifies the model: its files with their hashes, as the campaign's manifest lists them */
  readonly model: { repo: string; files: { path: string; sha256: string; bytes: number }[] }
  /**
   * the model's own thresholds; `preset` where it is the CLIP that the presets' cosines were published for;
   * null where nobody knows, so that the caller has to ask for a threshold
   */
  readonly thresholds: Thresholds | 'preset' | null
  /** for manifests: `cpu/fp32`. It changes where a device is lost and the CPU goes on */
  readonly deviceClass: string
  devices(): DeviceUse[]
  /**
   * Pairs are gathered into batches; each promise settles when its batch is done. On a CPU a pair's score is the same to
   * the bit whichever pairs share its batch, on a GPU nearly. Waiting pairs keep their crops: the caller bounds how many
   * there are, by the batches of `devices`.
   */
  score(crop: Uint8Array, text: string): Promise<Score>
  /** One side of a pair alone, L2-normalised: a text, normalised as rows' texts are, or a picture's crop. */
  embed(side: { text: string } | { crop: Uint8Array }): Promise<Float32Array>
  close(): Promise<void>
}

/** What was found in a picture that a campaign has looked at besides scoring it; columns of its row. */
export interface Looked extends Pick<Pair, 'nsfw' | 'watermark' | 'tags' | 'faces' | 'faceBoxes'> {
  /** how far each thing that tells a tag is above its threshold, or below: a cosine's difference, a probability */
  margins: { tag: Tag; by: 'embedding' | 'head'; margin: number }[]
}

/** Looks for what a campaign has looked for in pictures. */
export interface Looker {
  /** what is wanted of a picture besides the model's crop */
  readonly views: readonly ViewGeometry[]
  /**
   * A picture's findings are the same to the bit whatever was looked at before.
   *
   * @param picture - its size as stored, its views, which are given away, and its L2-normalised embedding
   */
  look(picture: {
    width: number
    height: number
    views: Uint8Array[]
    embedding: Float32Array
  }): Promise<Looked>
  close(): Promise<void>
}

/** How far one stage of the work has come; `total` is null while nobody can know it. */
export interface StageProgress {
  /** in the order of the pipeline; `model` is the download of a model before any segment, `audit` and `index` none of it */
  stage: 'model' | 'read' | 'fetch' | 'decode' | 'score' | 'write' | 'audit' | 'index'
  done: number
  total: number | null
  unit: 'bytes' | 'images' | 'pairs' | 'rows'
}

/** A snapshot of the segment at work. Reported at most some ten times a second; the last one of a segment always comes. */
export interface Progress {
  /** the file as the caller named it, or the model while that is downloaded */
  file: string
  /** position of the segment, from 0, and how many there are */
  segment: number
  segments: number
  stages: StageProgress[]
}

/** What a node does of its own work, counted as it is done; what an earlier process did is not in it. */
export interface Amounts {
  /** bytes of segments that were read, as stored (compressed) */
  read: number
  /** images that were asked for, whether or not they came; then those that were decoded, and pairs that were scored */
  fetched: number
  decoded: number
  scored: number
  /** pairs that passed everything */
  kept: number
}

/** @param what - a stage's work, or what a candidate has ended as; pairs that are kept are counted as the latter */
export type OnAmount = (what: keyof Amounts | Outcome, by: number) => void

export interface NodeOptions {
  dataDir: string
  /** a directory, `hf:owner/name@revision`, or null for the embedded model */
  model: string | null
  /** worker threads for parsing, decoding and scoring, together */
  threads: number
  /** what to score on: `auto`, `cpu`, `webgpu`, `cuda:0,cuda:1`; null or absent: the CPU */
  device?: string | null | undefined
  /** e-mail address or URL that goes into the user agent */
  contact: string | null
  /** never touch the network: images come from the archive or end as `offline` */
  offline: boolean
  /**
   * sites of a local campaign that this machine plays: host name to `127.0.0.1:port`. No other name is resolved,
   * so that nothing leaves the machine; null for the real web
   */
  loopback: { hosts: Readonly<Record<string, string>> } | null
  /** milliseconds since 1970 */
  clock: () => number
  log: Log
}

export interface CrawlRequest {
  /** paths or http(s) URLs; one segment each, in this order */
  files: string[]
  /** null: told from each file's name, then from its first records */
  kind: 'warc' | 'wat' | null
  /** a key of PRESETS */
  preset: string
  /** one least cosine for every language, in place of the preset's and the model's */
  threshold: number | null
  /** what is looked for in pictures: a file of thresholds for tags, directories of heads */
  tags?: string | null | undefined
  heads?: readonly string[] | undefined
  /** each segment's files are written to `outDir/<file's name>/` as well; null leaves them in the blockstore only */
  outDir: string | null
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

export interface ShardFile {
  cid: string
  bytes: number
  rows: number
  /** where a plain copy lies on this machine, absolute, or null where there is none */
  path: string | null
}

/** A pair in short, to be shown. */
export interface PairSample {
  url: string
  text: string
  similarity: number
}

/** What became of one segment, read back from the blockstore by CID. */
export interface CrawlResult {
  /** as the caller named it */
  file: string
  /** CIDs */
  campaign: string
  manifest: string
  counts: SegmentCounts
  candidates: number
  /** how many candidates ended in each outcome; absent is zero; they add up to `candidates` */
  outcomes: Partial<Record<Outcome, number>>
  pairs: number
  /** by name: `pairs.parquet`, `outcomes.parquet` */
  files: Record<string, ShardFile>
  /** at most ten kept pairs, the most similar first */
  samples: PairSample[]
  /** wall-clock seconds of this run */
  seconds: number
  /** true when every block was read back and hashed to its CID, and signature and counts agree */
  verified: boolean
}

export interface ShardSummary {
  manifest: string
  campaign: string
  segment: number
  /** the segment's file as the campaign names it */
  name: string
  /** who signed it */
  peer: string
  pairs: number
  candidates: number
  bytes: number
}

export interface ShardDetails extends ShardSummary {
  model: string
  deviceClass: string
  software: string
  counts: Omit<SegmentCounts, 'bytes'>
  outcomes: Partial<Record<Outcome, number>>
  files: Record<string, ShardFile>
  samples: PairSample[]
  verified: boolean
}

export type ExportFormat = 'parquet' | 'laion5b' | 'datacomp' | 'jsonl' | 'img2dataset' | 'csv'

/** Rows that are wanted: those that satisfy all that is given. */
export interface ExportFilters {
  minSimilarity?: number | undefined
  maxSimilarity?: number | undefined
  /** ISO 639-1 codes */
  languages?: readonly string[] | undefined
  /** pixels */
  minWidth?: number | undefined
  minHeight?: number | undefined
  /** a part of the licence's address, in any case of letters; `any`: rows that have one */
  license?: string | undefined
  /** hosts of images; subdomains are meant as well */
  domains?: readonly string[] | undefined
  /** of which a row must have one; and of which it must have none */
  tagged?: readonly string[] | undefined
  untagged?: readonly string[] | undefined
  /** greatest `nsfw`, and most faces; rows of which nobody knows don't satisfy it */
  maxNsfw?: number | undefined
  maxFaces?: number | undefined
}

export interface ExportRequest {
  /** manifests of shards, and signed releases */
  cids: readonly string[]
  format: ExportFormat
  /** absolute path of the file, or of the directory */
  out: string
  /** one file with the card beside it, or a directory of files with the card in it */
  isFile: boolean
  filters: ExportFilters
  /** most rows of one file, or null; a single file takes all */
  rowsPerFile: number | null
  /** ids of peers whose releases are trusted besides the organiser's and the operators' */
  signers: readonly string[]
}

export interface ExportRunning {
  /** gives it up */
  signal?: AbortSignal
  onProgress?(progress: Progress): void
}

export interface ExportResult {
  format: ExportFormat
  /** of the file or the directory */
  path: string
  /** of the dataset card */
  card: string
  /** of those that hold rows */
  files: number
  rows: number
  /** that were looked at: the others were not wanted */
  of: number
  /** of the files that hold rows */
  bytes: number
}

/** Somebody who may give blocks: a peer, a gateway. */
export interface BlockSource {
  /** as it is told to people: a peer's id, a gateway's address */
  readonly name: string
  /**
   * The bytes are not trusted: whoever keeps them hashes them first.
   *
   * @returns null where it lacks the block
   * @throws ShoalError `block_forged` where it is known to have sent another's bytes; whatever keeps it from being asked
   */
  get(cid: CID, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array | null>
}

/** Writing pairs for other tools. */
export interface Exports {
  /** What can be told wrong about it is told before anything is written; a broken export leaves nothing. */
  exportPairs(request: ExportRequest, running?: ExportRunning): Promise<ExportResult>
}

/** The shards that are kept here. */
export interface Shards {
  /**
   * Every block of it is checked.
   *
   * @param cid - of a shard's manifest
   */
  showShard(cid: string): Promise<ShardDetails>
  listShards(): Promise<ShardSummary[]>
}

/** One running node, as the CLI sees it. Failures are `ShoalError`s that name the file or record and what to do. */
export interface Node extends Shards, Exports {
  /** Makes and signs a local campaign of the files, then runs its segments in order; yields each as it is done. */
  crawl(request: CrawlRequest): AsyncIterable<CrawlResult>
  close(): Promise<void>
}
