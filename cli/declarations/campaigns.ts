import { COMMON, type Command } from './command.ts'

/** Campaigns and their releases. */
export const CAMPAIGNS: Readonly<Record<string, Command>> = {
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
    load: () => import('../commands/create-campaign.ts'),
  },
  'campaign show': {
    usage: '<cid>',
    describe: 'Show what a campaign consists of and where it stands',
    options: [...COMMON],
    examples: ['campaign show bafyrei…'],
    load: () => import('../commands/show-campaign.ts'),
  },
  'campaign list': {
    usage: '',
    describe: 'List the campaigns that this node takes part in',
    options: [...COMMON],
    examples: ['campaign list', 'campaign list --json'],
    load: () => import('../commands/list-campaigns.ts'),
  },
  'campaign join': {
    usage: '<cid>',
    describe: 'Take part in a campaign. It is fetched from peers',
    options: ['peer', ...COMMON],
    examples: ['campaign join bafyrei…', 'campaign join bafyrei… --peer /ip4/192.0.2.1/tcp/4631/p2p/12D…'],
    load: () => import('../commands/join-campaign.ts'),
  },
  'campaign leave': {
    usage: '<cid>',
    describe: 'Take no part in a campaign any more. Shards stay',
    options: [...COMMON],
    examples: ['campaign leave bafyrei…'],
    load: () => import('../commands/leave-campaign.ts'),
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
    load: () => import('../commands/create-release.ts'),
  },
  attest: {
    usage: '<cid>',
    describe:
      'Look pairs up in the blocklists here, and sign that. Those of a campaign, a release or a shard. For custodians: what matches is removed for everybody. With --out others can be sent it as a CAR file',
    options: ['out', ...COMMON],
    examples: ['attest bafyrei…', 'attest bafyrei… --out attestations.car'],
    load: () => import('../commands/attest.ts'),
  },
  'release list': {
    usage: '',
    describe: 'List the releases that are kept here',
    options: [...COMMON],
    examples: ['release list', 'release list --json'],
    load: () => import('../commands/list-releases.ts'),
  },
  'release show': {
    usage: '<cid>',
    describe: 'Show what a release consists of and who signed it',
    options: [...COMMON],
    examples: ['release show bafyrei…'],
    load: () => import('../commands/show-release.ts'),
  },
  'release verify': {
    usage: '<cid>',
    describe:
      'Recompute what can be of a release. Blocks, signatures, verdicts, and each row that is left out',
    options: ['signer', ...COMMON],
    examples: ['release verify bafyrei…', 'release verify bafyrei… --signer 12D3Koo…'],
    load: () => import('../commands/verify-release.ts'),
  },
  'release diff': {
    usage: '<before> <after>',
    describe: 'Count what came and went from one release to another',
    options: [...COMMON],
    examples: ['release diff bafyrei… bafyrei…'],
    load: () => import('../commands/diff-releases.ts'),
  },
}
