import { COMMON, type Command } from './command.ts'

/** Getting pairs, looking into them, taking them elsewhere, keeping them. */
export const PAIRS: Readonly<Record<string, Command>> = {
  'shard list': {
    usage: '',
    describe: 'List the shards in the store',
    options: [...COMMON],
    examples: ['shard list', 'shard list --json'],
    load: () => import('../commands/list-shards.ts'),
  },
  'shard show': {
    usage: '<cid>',
    describe: 'Show where a shard comes from and what is in it. Every block is checked',
    options: [...COMMON],
    examples: ['shard show bafyrei…'],
    load: () => import('../commands/show-shard.ts'),
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
    load: () => import('../commands/export.ts'),
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
    load: () => import('../commands/search.ts'),
  },
  whois: {
    usage: '<uid>',
    describe:
      'Show where a pair comes from. Each link is verified, from the row to the source and the verdicts',
    options: [...COMMON],
    examples: ['whois 0123456789abcdef0123456789abcdef'],
    load: () => import('../commands/whois.ts'),
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
    load: () => import('../commands/fetch.ts'),
  },
  'car export': {
    usage: '<cid>',
    describe: 'Write a shard, a release or another DAG to a CAR file. All of it has to be here',
    options: ['out', ...COMMON],
    examples: ['car export bafyrei…', 'car export bafyrei… --out shard.car'],
    load: () => import('../commands/export-car.ts'),
  },
  'car import': {
    usage: '<file>',
    describe: 'Keep what a CAR file holds. Every block is checked, and all of it or nothing is kept',
    options: [...COMMON],
    examples: ['car import shard.car'],
    load: () => import('../commands/import-car.ts'),
  },
  'pin list': {
    usage: '',
    describe: 'List what is kept here, and why',
    options: [...COMMON],
    examples: ['pin list', 'pin list --json'],
    load: () => import('../commands/list-pins.ts'),
  },
  'pin add': {
    usage: '<cid>',
    describe: 'Keep a shard, or any other DAG that is here whole',
    options: [...COMMON],
    examples: ['pin add bafyrei…'],
    load: () => import('../commands/add-pin.ts'),
  },
  'pin remove': {
    usage: '<cid>',
    describe: "Keep another node's shard no longer. Its space is freed",
    options: [...COMMON],
    examples: ['pin remove bafyrei…'],
    load: () => import('../commands/remove-pin.ts'),
  },
  collect: {
    usage: '',
    describe: 'Free the space of what nothing keeps. A running node does so by itself every day',
    options: [...COMMON],
    examples: ['collect', 'collect --json'],
    load: () => import('../commands/collect.ts'),
  },
}
