import sade from 'sade'
import { OPTIONS, type OptionKind, type Options } from './options.ts'
import type { Output } from './output.ts'

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
    describe:
      'Run all of it on a small crawl that comes with Shoal. One of its three nodes cheats: it forges scores, or what --cheat names. Known are scores, texts, rows, withhold, drop, optouts, model, grind, none. No packet leaves this machine',
    options: ['cheat', 'threads', ...COMMON],
    examples: ['demo', 'demo --cheat texts', 'demo --cheat none --json'],
    load: () => import('./commands/demo.ts'),
  },
  crawl: {
    usage: '<file...>',
    describe:
      'Turn WARC or WAT files into signed shards of pairs. Files are paths or http(s) URLs. Run again after an interruption, it goes on from there',
    options: [
      ...(['preset', 'model', 'threshold', 'tags', 'head', 'out', 'kind'] as const),
      ...(['offline', 'threads', 'contact'] as const),
      ...COMMON,
    ],
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
  export: {
    usage: '<cid...>',
    describe:
      'Write pairs for other tools, with a dataset card. CIDs are of shards and releases. Formats are parquet, laion5b, datacomp, jsonl, img2dataset, csv. Without --out it writes to a directory named after the CID',
    options: [
      ...(['format', 'out', 'rows', 'min-similarity', 'max-similarity', 'language'] as const),
      ...(['min-width', 'min-height', 'license', 'domain', 'tagged', 'untagged'] as const),
      ...(['max-nsfw', 'max-faces', 'signer'] as const),
      ...COMMON,
    ],
    examples: [
      'export bafyrei… --format laion5b',
      'export bafyrei… --format jsonl --out pairs.jsonl',
      'export bafyrei… --format csv --min-similarity 0.3 --language en,de',
    ],
    load: () => import('./commands/export.ts'),
  },
  search: {
    usage: '',
    describe:
      'Find pairs in the shards on this machine. By words, by a picture, by address, by host (of image or page) or by hash. An index is kept beside the shards',
    options: ['text', 'image', 'url', 'domain', 'hash', 'limit', 'campaign', 'model', ...COMMON],
    examples: [
      'search --text "a red apple"',
      'search --image photo.jpg --limit 3',
      'search --domain example.org',
    ],
    load: () => import('./commands/search.ts'),
  },
  whois: {
    usage: '<uid>',
    describe:
      'Show where a pair comes from. Each link is verified, from the row to the source and the verdicts',
    options: [...COMMON],
    examples: ['whois 0123456789abcdef0123456789abcdef'],
    load: () => import('./commands/whois.ts'),
  },
  'tags calibrate': {
    usage: '<labels>',
    describe:
      'Measure from which score on a model may tag pictures. Labels are pictures that somebody has looked at. A line of JSON each, {"image": "a.jpg", "tags": ["minor"]}. Thresholds go to --out (else tags.json), for crawl and campaign create',
    options: ['model', 'precision', 'out', 'threads', 'offline', ...COMMON],
    examples: [
      'tags calibrate labels.jsonl --out tags.json',
      'tags calibrate labels.jsonl --model models/clip',
    ],
    load: () => import('./commands/calibrate-tags.ts'),
  },
  optout: {
    usage: '',
    describe:
      'Ask for something to be removed everywhere. It is hidden at once, a whole site as soon as it is proven. Pictures are hashed here, and never sent. Reasons are consent, rights, privacy, safety, quality. The signed receipt goes to --out',
    options: ['origin', 'url', 'image', 'uid', 'reason', 'contact', 'out', ...COMMON],
    examples: [
      'optout --url https://example.org/me.jpg',
      'optout --origin example.org --reason rights --contact me@example.org',
      'optout --image photo.jpg',
    ],
    load: () => import('./commands/optout.ts'),
  },
  'removals list': {
    usage: '',
    describe: 'List what people asked this node to remove. And where it stands',
    options: [...COMMON],
    examples: ['removals list', 'removals list --json'],
    load: () => import('./commands/list-removals.ts'),
  },
  'removals status': {
    usage: '<request>',
    describe: 'Show where a request stands, whichever node took it',
    options: [...COMMON],
    examples: ['removals status abcdefghijklmnopqrstuvwxyz'],
    load: () => import('./commands/removal-status.ts'),
  },
  'removals export': {
    usage: '<campaign>',
    describe:
      'Write all that is removed to a signed file. Of one campaign, as hashes, for whoever takes in a million at once',
    options: ['out', ...COMMON],
    examples: ['removals export bafyrei… --out removals.feed'],
    load: () => import('./commands/export-removals.ts'),
  },
  'removals import': {
    usage: '<file>',
    describe:
      "Hide what such a file has. A custodian of its campaign has to have signed it. It takes the place of that custodian's last",
    options: ['signer', ...COMMON],
    examples: ['removals import removals.feed', 'removals import removals.feed --signer 12D3KooW…'],
    load: () => import('./commands/import-removals.ts'),
  },
  'removals prove': {
    usage: '<request>',
    describe: 'Look now whether a site proves a request. In the DNS, in its file, and by what it refuses',
    options: [...COMMON],
    examples: ['removals prove abcdefghijklmnopqrstuvwxyz'],
    load: () => import('./commands/prove-removal.ts'),
  },
  'removals review': {
    usage: '[request]',
    describe: "List what waits for a custodian's word, or decide on it. What is rejected lapses",
    options: ['confirm', 'reject', ...COMMON],
    examples: ['removals review', 'removals review abcdefghijklmnopqrstuvwxyz --confirm'],
    load: () => import('./commands/review-removals.ts'),
  },
  'removals verify': {
    usage: '<receipt>',
    describe: 'Check the signature of a receipt, and show what it says',
    options: [...COMMON],
    examples: ['removals verify shoal-receipt.json'],
    load: () => import('./commands/verify-receipt.ts'),
  },
  'campaign create': {
    usage: '<file...>',
    describe:
      'Sign a campaign that many nodes can share out. Files are lists such as wat.paths.gz, or archives that --base serves',
    options: [
      ...(['name', 'base', 'parts', 'preset', 'model', 'precision', 'threshold', 'kind', 'contact'] as const),
      ...(['without', 'custodians', 'tags', 'head', 'verifiers', 'samples'] as const),
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
  'release create': {
    usage: '<campaign>',
    describe:
      'Sign a release. It has the verified shards of a campaign. Each pair is in it once, what is removed is not. Profiles leave out pairs by what was found in their pictures. With safe, unsafe ones. With no-person, those of persons as well',
    options: [
      ...(['profile', 'quorum', 'operators', 'least-standing'] as const),
      ...(['removals', 'attested-by', 'valid'] as const),
      ...COMMON,
    ],
    examples: [
      'release create bafyrei…',
      'release create bafyrei… --quorum 2 --removals removals.jsonl',
      'release create bafyrei… --attested-by 12D3Koo…',
      'release create bafyrei… --profile safe',
    ],
    load: () => import('./commands/create-release.ts'),
  },
  attest: {
    usage: '<cid>',
    describe:
      'Look pairs up in the blocklists here, and sign that. Those of a campaign, a release or a shard. For custodians: what matches is removed for everybody. With --out others can be sent it as a CAR file',
    options: ['out', ...COMMON],
    examples: ['attest bafyrei…', 'attest bafyrei… --out attestations.car'],
    load: () => import('./commands/attest.ts'),
  },
  'release list': {
    usage: '',
    describe: 'List the releases that are kept here',
    options: [...COMMON],
    examples: ['release list', 'release list --json'],
    load: () => import('./commands/list-releases.ts'),
  },
  'release show': {
    usage: '<cid>',
    describe: 'Show what a release consists of and who signed it',
    options: [...COMMON],
    examples: ['release show bafyrei…'],
    load: () => import('./commands/show-release.ts'),
  },
  'release verify': {
    usage: '<cid>',
    describe:
      'Recompute what can be of a release. Blocks, signatures, verdicts, and each row that is left out',
    options: ['signer', ...COMMON],
    examples: ['release verify bafyrei…', 'release verify bafyrei… --signer 12D3Koo…'],
    load: () => import('./commands/verify-release.ts'),
  },
  'release diff': {
    usage: '<before> <after>',
    describe: 'Count what came and went from one release to another',
    options: [...COMMON],
    examples: ['release diff bafyrei… bafyrei…'],
    load: () => import('./commands/diff-releases.ts'),
  },
  start: {
    usage: '',
    describe: 'Run this node. It works for its campaigns until it is stopped',
    options: [
      ...(['segments', 'threads', 'hours', 'bandwidth', 'disk', 'replicate'] as const),
      ...(['peer', 'listen', 'gateway', 'local', 'offline', 'model', 'precision'] as const),
      ...COMMON,
    ],
    examples: [
      'start',
      'start --threads 2 --hours 22-6 --bandwidth 2MB --disk 50GB',
      'start --replicate 20GB',
      'start --local',
    ],
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
    describe:
      'Get a verified shard or release from peers and gateways. Every block is checked. Run again after an interruption, it goes on from there',
    options: [
      ...(['out', 'gateway', 'peer', 'unverified', 'signer', 'local'] as const),
      ...(['quorum', 'operators', 'least-standing'] as const),
      ...COMMON,
    ],
    examples: [
      'fetch bafyrei… --out pairs',
      'fetch bafyrei… --gateway https://gateway.example.org',
      'fetch bafyrei… --peer /ip4/192.0.2.1/tcp/4631/p2p/12D… --quorum 2',
    ],
    load: () => import('./commands/fetch.ts'),
  },
  'car export': {
    usage: '<cid>',
    describe: 'Write a shard, a release or another DAG to a CAR file. All of it has to be here',
    options: ['out', ...COMMON],
    examples: ['car export bafyrei…', 'car export bafyrei… --out shard.car'],
    load: () => import('./commands/export-car.ts'),
  },
  'car import': {
    usage: '<file>',
    describe: 'Keep what a CAR file holds. Every block is checked, and all of it or nothing is kept',
    options: [...COMMON],
    examples: ['car import shard.car'],
    load: () => import('./commands/import-car.ts'),
  },
  'pin list': {
    usage: '',
    describe: 'List what is kept here, and why',
    options: [...COMMON],
    examples: ['pin list', 'pin list --json'],
    load: () => import('./commands/list-pins.ts'),
  },
  'pin add': {
    usage: '<cid>',
    describe: 'Keep a shard, or any other DAG that is here whole',
    options: [...COMMON],
    examples: ['pin add bafyrei…'],
    load: () => import('./commands/add-pin.ts'),
  },
  'pin remove': {
    usage: '<cid>',
    describe: "Keep another node's shard no longer. Its space is freed",
    options: [...COMMON],
    examples: ['pin remove bafyrei…'],
    load: () => import('./commands/remove-pin.ts'),
  },
  'blocklist add': {
    usage: '<file>',
    describe:
      'Neither ask for nor show what a list names. One JSON object a line, {"kind": "url", "value": "https://…"}. Kinds are url, host, md5, sha1, sha256, pdq. The list stays on this machine',
    options: ['name', ...COMMON],
    examples: ['blocklist add hashes.jsonl', 'blocklist add new.jsonl --name hashes'],
    load: () => import('./commands/add-blocklist.ts'),
  },
  'blocklist list': {
    usage: '',
    describe: 'List the blocklists here, and how much each has. Never what',
    options: [...COMMON],
    examples: ['blocklist list', 'blocklist list --json'],
    load: () => import('./commands/list-blocklists.ts'),
  },
  'blocklist remove': {
    usage: '<name>',
    describe: 'Look up a blocklist no longer',
    options: [...COMMON],
    examples: ['blocklist remove hashes'],
    load: () => import('./commands/remove-blocklist.ts'),
  },
  'denylist export': {
    usage: '<file>',
    describe:
      'Write a denylist for IPFS gateways. It names the blocks that hold what was removed. A file that is there is appended to',
    options: [...COMMON],
    examples: ['denylist export removed.deny'],
    load: () => import('./commands/export-denylist.ts'),
  },
  collect: {
    usage: '',
    describe: 'Free the space of what nothing keeps. A running node does so by itself every day',
    options: [...COMMON],
    examples: ['collect', 'collect --json'],
    load: () => import('./commands/collect.ts'),
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
    describe: 'Show what nodes have earned by shards and verdicts. And what is proven against them',
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
  return option.kind === 'choice' && !option.isTold
    ? `${option.describe}: ${option.of.join(', ')}`
    : option.describe
}
