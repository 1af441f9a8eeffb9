import sade from 'sade'
import type { ExportFormat } from '../node/components.ts'
import { MAX_PARTS, MAX_SAMPLES, MAX_VERIFIERS } from '../protocol/limits.ts'
import { PRESETS } from '../protocol/rules/presets.ts'
import type { ShardState } from '../protocol/rules/quorum.ts'
import type { Output } from './output.ts'

/** What an option's value must be; one option means the same in every command. */
export type OptionKind =
  | { kind: 'flag'; describe: string }
  | { kind: 'text'; describe: string }
  | { kind: 'choice'; describe: string; of: readonly string[] }
  | { kind: 'number'; describe: string; least: number; most: number; whole?: boolean }
  | { kind: 'size'; describe: string; least: number }

export interface Options {
  json: boolean
  verbose: boolean
  offline: boolean
  local: boolean
  data?: string
  out?: string
  preset?: string
  model?: string
  threshold?: number
  kind?: 'warc' | 'wat'
  threads?: number
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
  lines?: number
  follow: boolean
  /** id of a verdict */
  replay?: string
  state?: ShardState
  quorum?: number
  /** a file */
  operators?: string
  'least-standing'?: number
}

const STATES: readonly ShardState[] = ['unaudited', 'verified', 'held', 'disputed', 'refused']
const EXPORT_FORMATS: readonly ExportFormat[] = ['parquet', 'jsonl', 'laion5b', 'datacomp', 'img2dataset']

/** Where a model's own threshold is unknown, any cosine may be asked for. */
export const OPTIONS: Readonly<Record<keyof Options, OptionKind>> = {
  json: { kind: 'flag', describe: 'Print JSON; the last line of stdout is one object' },
  verbose: { kind: 'flag', describe: 'Log everything to stderr' },
  data: { kind: 'text', describe: "DIR of the node's data (else SHOAL_HOME)" },
  out: { kind: 'text', describe: 'DIR for the files, or FILE of an export' },
  preset: { kind: 'choice', describe: 'Rules (else laion-5b)', of: Object.keys(PRESETS) },
  model: { kind: 'text', describe: 'DIR, or hf:owner/name@revision (else shoal-mini)' },
  threshold: { kind: 'number', describe: 'Least cosine, -1 to 1, for all languages', least: -1, most: 1 },
  kind: { kind: 'choice', describe: 'What the files are, if unclear', of: ['warc', 'wat'] },
  offline: { kind: 'flag', describe: 'Use images inside the archive alone, no network' },
  threads: { kind: 'number', describe: 'Worker threads (else one a core)', least: 1, most: 256, whole: true },
  contact: { kind: 'text', describe: 'E-mail or URL for the sites you ask' },
  format: { kind: 'choice', describe: 'Layout', of: EXPORT_FORMATS },
  name: { kind: 'text', describe: 'What the campaign is called' },
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
  lines: { kind: 'number', describe: 'How many, at most', least: 1, most: 1_000_000, whole: true },
  follow: { kind: 'flag', describe: 'Show what comes as well, until Ctrl-C' },
  replay: { kind: 'text', describe: "Repeat a node's audit: the VERDICT's CID" },
  state: { kind: 'choice', describe: 'State', of: STATES },
  quorum: { kind: 'number', describe: 'Good verdicts asked for', least: 1, most: MAX_VERIFIERS, whole: true },
  operators: { kind: 'text', describe: 'FILE of peers whose verdicts count, one a line' },
  'least-standing': {
    ...{ kind: 'number', describe: 'Valid shards that a verifier must have' },
    ...{ least: 0, most: 1_000_000, whole: true },
  },
}

export interface Context {
  args: string[]
  options: Options
  output: Output
  /** aborted by SIGINT and SIGTERM */
  signal: AbortSignal
}

export interface Command {
  /** `<…>` is needed, `[…]` may be left out; a name with `...` takes several */
  usage: string
  describe: string
  options: readonly (keyof Options)[]
  examples: readonly string[]
  /** the command's own module, loaded when it runs, so that `--help` needs none of it */
  load: () => Promise<{ run: (context: Context) => Promise<void> }>
}

const COMMON = ['data', 'json', 'verbose'] as const

/** By name, in the order of `--help`. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  demo: {
    usage: '',
    describe: 'Run the whole job on a small crawl that comes with Shoal. No packet leaves this machine',
    options: ['threads', ...COMMON],
    examples: ['demo', 'demo --json'],
    load: () => import('./commands/demo.ts'),
  },
  crawl: {
    usage: '<file...>',
    describe:
      'Turn WARC or WAT files into signed shards of pairs. Files are paths or http(s) URLs. Run again after an interruption, it goes on from there',
    options: ['preset', 'model', 'threshold', 'out', 'kind', 'offline', 'threads', 'contact', ...COMMON],
    examples: [
      'crawl segment.warc.gz --offline',
      'crawl *.wat.gz --preset datacomp-basic --contact me@example.org',
      'crawl a.warc.gz --model models/clip --out pairs',
    ],
    load: () => import('./commands/crawl.ts'),
  },
  'shard list': {
    usage: '',
    describe: 'List the shards in the store',
    options: [...COMMON],
    examples: ['shard list', 'shard list --json'],
    load: () => import('./commands/list-shards.ts'),
  },
  'shard show': {
    usage: '<cid>',
    describe: 'Show where a shard comes from and what is in it. Every block is checked',
    options: [...COMMON],
    examples: ['shard show bafyrei…'],
    load: () => import('./commands/show-shard.ts'),
  },
  'shard export': {
    usage: '<cid>',
    describe: "Write a shard's pairs as a file for other tools",
    options: ['format', 'out', ...COMMON],
    examples: [
      'shard export bafyrei… --format laion5b',
      'shard export bafyrei… --format jsonl --out pairs.jsonl',
    ],
    load: () => import('./commands/export-shard.ts'),
  },
  'campaign create': {
    usage: '<file...>',
    describe:
      'Sign a campaign that many nodes can share out. Files are lists such as wat.paths.gz, or archives that --base serves',
    options: [
      ...(['name', 'base', 'parts', 'preset', 'model', 'threshold', 'kind', 'contact'] as const),
      ...(['verifiers', 'samples'] as const),
      ...COMMON,
    ],
    examples: [
      'campaign create wat.paths.gz --name june --contact me@example.org',
      'campaign create a.wat --name b --contact c@d.eu --base http://d.eu/',
    ],
    load: () => import('./commands/create-campaign.ts'),
  },
  'campaign show': {
    usage: '<cid>',
    describe: 'Show what a campaign consists of and where it stands',
    options: [...COMMON],
    examples: ['campaign show bafyrei…'],
    load: () => import('./commands/show-campaign.ts'),
  },
  'campaign list': {
    usage: '',
    describe: 'List the campaigns that this node takes part in',
    options: [...COMMON],
    examples: ['campaign list', 'campaign list --json'],
    load: () => import('./commands/list-campaigns.ts'),
  },
  'campaign join': {
    usage: '<cid>',
    describe: 'Take part in a campaign. It is fetched from peers',
    options: ['peer', ...COMMON],
    examples: ['campaign join bafyrei…', 'campaign join bafyrei… --peer /ip4/192.0.2.1/tcp/4631/p2p/12D…'],
    load: () => import('./commands/join-campaign.ts'),
  },
  'campaign leave': {
    usage: '<cid>',
    describe: 'Take no part in a campaign any more. Shards stay',
    options: [...COMMON],
    examples: ['campaign leave bafyrei…'],
    load: () => import('./commands/leave-campaign.ts'),
  },
  start: {
    usage: '',
    describe: 'Run this node. It works for its campaigns until it is stopped',
    options: [
      ...(['segments', 'threads', 'hours', 'bandwidth', 'disk'] as const),
      ...(['peer', 'listen', 'local', 'offline', 'model'] as const),
      ...COMMON,
    ],
    examples: ['start', 'start --threads 2 --hours 22-6 --bandwidth 2MB --disk 50GB', 'start --local'],
    load: () => import('./commands/start.ts'),
  },
  status: {
    usage: '',
    describe: 'Show what this node does. Its campaigns, and where they stand',
    options: [...COMMON],
    examples: ['status', 'status --json'],
    load: () => import('./commands/status.ts'),
  },
  peers: {
    usage: '',
    describe: 'List the peers that are connected',
    options: [...COMMON],
    examples: ['peers'],
    load: () => import('./commands/peers.ts'),
  },
  segments: {
    usage: '',
    describe: 'List the segments that are at work or done, and by whom',
    options: ['lines', ...COMMON],
    examples: ['segments', 'segments --json'],
    load: () => import('./commands/segments.ts'),
  },
  fetch: {
    usage: '<cid>',
    describe: "Get another node's shard from peers. Every block is checked",
    options: [...COMMON],
    examples: ['fetch bafyrei…'],
    load: () => import('./commands/fetch.ts'),
  },
  verify: {
    usage: '<cid>',
    describe: 'Audit a shard now. Rows are read, fetched and scored again; or the audit of another node is',
    options: ['replay', ...COMMON],
    examples: ['verify bafyrei…', 'verify bafyrei… --replay bafyrei…'],
    load: () => import('./commands/verify.ts'),
  },
  shards: {
    usage: '[cid]',
    describe: 'List the shards of all nodes and their states. One shard with all that was said of it',
    options: ['state', 'quorum', 'operators', 'least-standing', 'lines', ...COMMON],
    examples: ['shards --state disputed', 'shards bafyrei…', 'shards --quorum 2 --operators trusted.txt'],
    load: () => import('./commands/shards.ts'),
  },
  standing: {
    usage: '[peer]',
    describe: 'Show what nodes have earned by their shards and verdicts. And what is proven against them',
    options: ['lines', ...COMMON],
    examples: ['standing', 'standing 12D3Koo…'],
    load: () => import('./commands/standing.ts'),
  },
  log: {
    usage: '',
    describe: "Show the newest entries of this node's log",
    options: ['lines', 'follow', ...COMMON],
    examples: ['log', 'log --lines 100', 'log --follow'],
    load: () => import('./commands/log.ts'),
  },
  pause: {
    usage: '',
    describe: 'Put down what is at work and take nothing until resume',
    options: [...COMMON],
    examples: ['pause'],
    load: () => import('./commands/pause.ts'),
  },
  resume: {
    usage: '',
    describe: 'Work again after a pause',
    options: [...COMMON],
    examples: ['resume'],
    load: () => import('./commands/resume.ts'),
  },
  drain: {
    usage: '',
    describe: 'Finish the segment at work, then stop the node',
    options: [...COMMON],
    examples: ['drain'],
    load: () => import('./commands/drain.ts'),
  },
  stop: {
    usage: '',
    describe: 'Stop the node. Its segment is given up, and told so',
    options: [...COMMON],
    examples: ['stop'],
    load: () => import('./commands/stop.ts'),
  },
}

/** The program as sade knows it, for parsing and for `--help`. */
export function declare(version: string): sade.Sade {
  const program = sade('shoal').version(version)
  for (const [name, command] of Object.entries(COMMANDS)) {
    program.command(`${name} ${command.usage}`.trim(), command.describe)
    for (const option of command.options) program.option(`--${option}`, describeOption(OPTIONS[option]))
    for (const example of command.examples) program.example(example)
    program.action(() => {})
  }
  return program
}

function describeOption(option: OptionKind): string {
  return option.kind === 'choice' ? `${option.describe}: ${option.of.join(', ')}` : option.describe
}
