import { COMMON, type Command } from './command.ts'

/** What a node is started with. */
const STARTING = [
  ...(['campaign', 'contact', 'preset', 'threshold', 'kind'] as const),
  ...(['segments', 'threads', 'device', 'hours', 'bandwidth', 'disk', 'replicate'] as const),
  ...(['operator', 'team'] as const),
  ...(['peer', 'listen', 'gateway', 'dashboard'] as const),
  ...(['local', 'offline', 'model', 'precision', 'config'] as const),
  ...COMMON,
] as const

/** `shoal` with nothing behind it, or with options alone. */
export const ALONE: Command = {
  usage: '',
  describe: 'Ask what this node needs to know, where it has never been told, and run it',
  options: STARTING,
  examples: [],
  load: () => import('../commands/first-run.ts'),
}

/** A running node. */
export const RUNNING: Readonly<Record<string, Command>> = {
  start: {
    usage: '',
    describe: 'Run this node. It works for its campaigns until it is stopped',
    options: STARTING,
    examples: [
      'start',
      'start --campaign demo',
      'start --campaign crawl.warc.gz --offline',
      'start --threads 2 --hours 22-6 --bandwidth 2MB --disk 50GB',
      'start --replicate 20GB',
      'start --local',
    ],
    load: () => import('../commands/start.ts'),
  },
  status: {
    usage: '',
    describe: 'Show what this node does. Its campaigns, and where they stand',
    options: [...COMMON],
    examples: ['status', 'status --json'],
    load: () => import('../commands/status.ts'),
  },
  dashboard: {
    usage: '',
    describe: 'Tell where the dashboard of this node is. With the key to change something there',
    options: ['open', ...COMMON],
    examples: ['dashboard', 'dashboard --open'],
    load: () => import('../commands/dashboard.ts'),
  },
  peers: {
    usage: '',
    describe: 'List the peers that are connected',
    options: [...COMMON],
    examples: ['peers'],
    load: () => import('../commands/peers.ts'),
  },
  segments: {
    usage: '',
    describe: 'List the segments that are at work or done, and by whom',
    options: ['lines', ...COMMON],
    examples: ['segments', 'segments --json'],
    load: () => import('../commands/segments.ts'),
  },
  verify: {
    usage: '<cid>',
    describe: 'Audit a shard now. Rows are read, fetched and scored again; or the audit of another node is',
    options: ['replay', ...COMMON],
    examples: ['verify bafyrei…', 'verify bafyrei… --replay bafyrei…'],
    load: () => import('../commands/verify.ts'),
  },
  shards: {
    usage: '[cid]',
    describe: 'List the shards of all nodes and their states. One shard with all that was said of it',
    options: ['state', 'quorum', 'operators', 'least-standing', 'lines', ...COMMON],
    examples: ['shards --state disputed', 'shards bafyrei…', 'shards --quorum 2 --operators trusted.txt'],
    load: () => import('../commands/shards.ts'),
  },
  standing: {
    usage: '[peer]',
    describe: 'Show what nodes have earned by shards and verdicts. And what is proven against them',
    options: ['lines', ...COMMON],
    examples: ['standing', 'standing 12D3Koo…'],
    load: () => import('../commands/standing.ts'),
  },
  credit: {
    usage: '[campaign]',
    describe:
      'Show what nodes have contributed. Verified segments and pairs, audits, bytes given, from signed records alone',
    options: ['by', 'lines', ...COMMON],
    examples: ['credit', 'credit --by team', 'credit bafyrei… --json'],
    load: () => import('../commands/credit.ts'),
  },
  log: {
    usage: '',
    describe: "Show the newest entries of this node's log",
    options: ['lines', 'follow', ...COMMON],
    examples: ['log', 'log --lines 100', 'log --follow'],
    load: () => import('../commands/log.ts'),
  },
  pause: {
    usage: '',
    describe: 'Put down what is at work and take nothing until resume',
    options: [...COMMON],
    examples: ['pause'],
    load: () => import('../commands/pause.ts'),
  },
  resume: {
    usage: '',
    describe: 'Work again after a pause',
    options: [...COMMON],
    examples: ['resume'],
    load: () => import('../commands/resume.ts'),
  },
  drain: {
    usage: '',
    describe: 'Finish the segment at work, then stop the node',
    options: [...COMMON],
    examples: ['drain'],
    load: () => import('../commands/drain.ts'),
  },
  stop: {
    usage: '',
    describe: 'Stop the node. Its segment is given up, and told so',
    options: [...COMMON],
    examples: ['stop'],
    load: () => import('../commands/stop.ts'),
  },
}
