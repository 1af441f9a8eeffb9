import type { ExportFormat } from '../node/components.ts'
import { MAX_INDEX, MAX_PARTS, MAX_SAMPLES, MAX_VERIFIERS } from '../protocol/limits.ts'
import { REASONS } from '../protocol/records/removal.ts'
import { PRESETS } from '../protocol/rules/presets.ts'
import { PROFILES, type Profile } from '../protocol/rules/profiles.ts'
import type { ShardState } from '../protocol/rules/quorum.ts'
import { SHOWN_CHEATS, type ShownCheat } from './demo/cheats/names.ts'

/** What an option's value must be; one option means the same in every command. */
export type OptionKind =
  | { kind: 'flag'; describe: string }
  | { kind: 'text'; describe: string }
  /** `isTold`: the command's own description names them, since they don't fit on the option's line */
  | { kind: 'choice'; describe: string; of: readonly string[]; isTold?: true }
  | { kind: 'number'; describe: string; least: number; most: number; whole?: boolean }
  | { kind: 'size'; describe: string; least: number }

export interface Options {
  json: boolean
  verbose: boolean
  offline: boolean
  local: boolean
  data?: string
  /** a file */
  config?: string
  print: boolean
  out?: string
  preset?: string
  model?: string
  precision?: string
  without?: string
  /** a file */
  custodians?: string
  threshold?: number
  /** a file */
  tags?: string
  /** directories with commas between them */
  head?: string
  kind?: 'warc' | 'wat'
  threads?: number
  device?: string
  seconds?: number
  cheat?: ShownCheat | 'none'
  contact?: string
  format?: ExportFormat
  name?: string
  base?: string
  parts?: number
  verifiers?: number
  samples?: number
  peer?: string
  listen?: string
  hours?: string
  segments?: number
  /** bytes a second */
  bandwidth?: number
  /** bytes */
  disk?: number
  /** bytes */
  replicate?: number
  lines?: number
  follow: boolean
  /** id of a verdict */
  replay?: string
  state?: ShardState
  quorum?: number
  profile?: Profile
  /** a file */
  removals?: string
  /** a peer's id */
  'attested-by'?: string
  /** days */
  valid?: number
  /** a file */
  operators?: string
  /** what whoever runs this node goes by */
  operator?: string
  team?: string
  by?: 'node' | 'operator' | 'team'
  'least-standing'?: number
  'min-similarity'?: number
  'max-similarity'?: number
  language?: string
  /** pixels */
  'min-width'?: number
  'min-height'?: number
  license?: string
  tagged?: string
  untagged?: string
  'max-nsfw'?: number
  'max-faces'?: number
  domain?: string
  text?: string
  image?: string
  url?: string
  hash?: string
  limit?: number
  campaign?: string
  rows?: number
  signer?: string
  /** fetch: addresses with commas between them */
  gateway?: string
  dashboard?: string
  open: boolean
  unverified: boolean
  origin?: string
  uid?: string
  reason?: (typeof REASONS)[number]
  confirm: boolean
  reject: boolean
}

const STATES: readonly ShardState[] = ['unaudited', 'verified', 'held', 'disputed', 'refused']
const EXPORT_FORMATS: readonly ExportFormat[] = [
  ...(['parquet', 'laion5b', 'datacomp', 'jsonl', 'img2dataset', 'csv'] as const),
]

const SIDE = { least: 1, most: 65_535, whole: true } as const

/** Where a model's own threshold is unknown, any cosine may be asked for. */
export const OPTIONS: Readonly<Record<keyof Options, OptionKind>> = {
  json: { kind: 'flag', describe: 'Print JSON; the last line of stdout is one object' },
  verbose: { kind: 'flag', describe: 'Log everything to stderr' },
  data: { kind: 'text', describe: "DIR of the node's data (else SHOAL_HOME)" },
  config: { kind: 'text', describe: 'FILE of settings (else config.toml in the data)' },
  print: { kind: 'flag', describe: 'Show what would be written, and change nothing' },
  out: { kind: 'text', describe: 'DIR for the files, or FILE of an export' },
  preset: { kind: 'choice', describe: 'Rules (else laion-5b)', of: Object.keys(PRESETS) },
  model: { kind: 'text', describe: 'NAME (model list), DIR, or hf:owner/name@revision' },
  without: { kind: 'text', describe: 'Opt-out signals not to heed, with commas, as XMP,C2PA' },
  custodians: { kind: 'text', describe: 'FILE of peers whose removals hold, one a line' },
  precision: { kind: 'text', describe: 'Of the model: fp32, quantized; to create: a list' },
  threshold: { kind: 'number', describe: 'Least cosine, -1 to 1, for all languages', least: -1, most: 1 },
  tags: { kind: 'text', describe: 'FILE of thresholds for tags, of tags calibrate' },
  head: { kind: 'text', describe: 'DIR of a head; several with commas' },
  kind: { kind: 'choice', describe: 'What the files are, if unclear', of: ['warc', 'wat'] },
  offline: { kind: 'flag', describe: 'Use images inside the archive alone, no network' },
  device: { kind: 'text', describe: 'auto (else), cpu, webgpu, cuda:0,cuda:1, dml, coreml' },
  seconds: { kind: 'number', describe: 'To measure each device for (else 5)', least: 1, most: 600 },
  threads: { kind: 'number', describe: 'Cores to use, at most (else all)', least: 1, most: 256, whole: true },
  cheat: {
    ...{ kind: 'choice', describe: 'How one of the nodes cheats (else scores)', isTold: true },
    of: [...Object.keys(SHOWN_CHEATS), 'none'],
  },
  contact: { kind: 'text', describe: 'E-mail or URL that you are reached by' },
  format: { kind: 'choice', describe: 'Layout', of: EXPORT_FORMATS, isTold: true },
  name: { kind: 'text', describe: 'What the campaign, or the list, is called' },
  base: { kind: 'text', describe: 'URL that entries follow (else Common Crawl)' },
  parts: { kind: 'number', describe: 'Parts of each file (else 1)', least: 1, most: MAX_PARTS, whole: true },
  verifiers: {
    ...{ kind: 'number', describe: 'Nodes that audit a shard (else 3)' },
    ...{ least: 1, most: MAX_VERIFIERS, whole: true },
  },
  samples: {
    ...{ kind: 'number', describe: 'Rows that each looks at, of those kept and dropped (else 60)' },
    ...{ least: 1, most: MAX_SAMPLES, whole: true },
  },
  peer: { kind: 'text', describe: 'Multiaddr of a node to call; several with commas' },
  listen: { kind: 'text', describe: 'Multiaddr to listen at (else TCP port 4631)' },
  local: { kind: 'flag', describe: 'Keep to this machine or LAN: for trying out' },
  hours: { kind: 'text', describe: 'Work from one hour to another only, as 22-6' },
  segments: { kind: 'number', describe: 'Segments at once (else 1)', least: 1, most: 64, whole: true },
  bandwidth: { kind: 'size', describe: 'Most that is read from the web a second, as 2MB', least: 10_000 },
  disk: { kind: 'size', describe: 'Most that the data may take, as 50GB', least: 10_000_000 },
  replicate: { kind: 'size', describe: "Keep others' shards up to, as 20GB", least: 0 },
  lines: { kind: 'number', describe: 'How many, at most', least: 1, most: 1_000_000, whole: true },
  follow: { kind: 'flag', describe: 'Show what comes as well, until Ctrl-C' },
  replay: { kind: 'text', describe: "Repeat a node's audit: the VERDICT's CID" },
  state: { kind: 'choice', describe: 'State', of: STATES },
  removals: { kind: 'text', describe: 'FILE of what to remove, JSON lines' },
  'attested-by': { kind: 'text', describe: 'Custodian who must have scanned all of it' },
  profile: { kind: 'choice', describe: 'Else research', of: PROFILES },
  valid: {
    ...{ kind: 'number', describe: 'Days until removals must be renewed (else 30)' },
    ...{ least: 1, most: 366, whole: true },
  },
  quorum: { kind: 'number', describe: 'Good verdicts asked for', least: 1, most: MAX_VERIFIERS, whole: true },
  operator: { kind: 'text', describe: 'What you go by, in public records of your shards' },
  team: { kind: 'text', describe: 'The same of your team' },
  by: { kind: 'choice', describe: 'Summed up by', of: ['node', 'operator', 'team'] },
  operators: { kind: 'text', describe: 'FILE of peers whose verdicts count, one a line' },
  'least-standing': {
    ...{ kind: 'number', describe: 'Valid shards that a verifier must have' },
    ...{ least: 0, most: 1_000_000, whole: true },
  },
  'min-similarity': { kind: 'number', describe: 'Least similarity, -1 to 1', least: -1, most: 1 },
  'max-similarity': { kind: 'number', describe: 'Greatest similarity, -1 to 1', least: -1, most: 1 },
  language: { kind: 'text', describe: 'Of the text: en, or en,de' },
  'min-width': { ...{ kind: 'number', describe: 'Pixels at least' }, ...SIDE },
  'min-height': { ...{ kind: 'number', describe: 'Pixels at least' }, ...SIDE },
  license: { kind: 'text', describe: "Part of a licence's address, or any" },
  tagged: { kind: 'text', describe: 'With one of these tags: gore, or gore,minor' },
  untagged: { kind: 'text', describe: 'With none of these tags' },
  'max-nsfw': { kind: 'number', describe: 'Greatest nsfw, 0 to 1, of those known', least: 0, most: 1 },
  'max-faces': {
    ...{ kind: 'number', describe: 'Most faces, of those counted', least: 0, most: 100, whole: true },
  },
  text: { kind: 'text', describe: 'WORDS that pictures are looked for by' },
  image: { kind: 'text', describe: 'FILE of a picture, or of one like those wanted' },
  url: { kind: 'text', describe: 'Address of an image or a page' },
  hash: { kind: 'text', describe: 'HEX: sha256, md5 or PDQ of an image, or a uid' },
  limit: { kind: 'number', describe: 'Most that is shown (else 10)', least: 1, most: 1_000, whole: true },
  campaign: { kind: 'text', describe: 'CID of the only one to look in; to start: or FILE, or demo' },
  domain: { kind: 'text', describe: 'Host of the image, or hosts with commas' },
  rows: { kind: 'number', describe: 'Most rows of one file', least: 1, most: MAX_INDEX, whole: true },
  gateway: { kind: 'text', describe: 'To fetch: its URL; to start: HOST:PORT or none' },
  dashboard: { kind: 'text', describe: 'HOST:PORT of this machine, or none' },
  open: { kind: 'flag', describe: 'Show it in the browser' },
  unverified: { kind: 'flag', describe: 'Take a shard that is not verified' },
  signer: { kind: 'text', describe: 'PEER whose releases to trust as well' },
  origin: { kind: 'text', describe: 'Name of a site, with all below it' },
  uid: { kind: 'text', describe: 'UID of a pair' },
  reason: { kind: 'choice', describe: 'Why (else privacy)', of: REASONS, isTold: true },
  confirm: { kind: 'flag', describe: 'Remove it for good' },
  reject: { kind: 'flag', describe: 'Let it lapse' },
}
