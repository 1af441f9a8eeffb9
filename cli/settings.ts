import type { Options } from './options.ts'

/** An option that the config file and the environment may give as well. */
export interface Setting {
  name: keyof Options
  /** what it means, for the config file; a line each */
  about: readonly string[]
  /** what holds where nobody says */
  otherwise: string
  /** a value as the file would have it */
  example: string
  /** of every command that has the option; others are what a running node keeps to */
  everywhere?: true
}

const GROUPS = {
  'What to work on': [
    {
      name: 'campaign',
      otherwise: 'those it has joined',
      about: ["A campaign's CID, a WARC or WAT file on this disk, or demo; several as a list."],
      example: '"bafyrei…"',
    },
    {
      name: 'peer',
      otherwise: 'nobody',
      about: ['Nodes to call first, by their multiaddrs.'],
      example: '["/ip4/…/tcp/4631/p2p/…"]',
    },
    {
      name: 'contact',
      otherwise: 'none',
      about: ['E-mail or https address by which the sites that are asked for pictures reach you.'],
      example: '"me@mail.example"',
      everywhere: true,
    },
    { name: 'preset', otherwise: 'laion-5b', about: ['Rules for own files.'], example: '"laion-5b"' },
    {
      name: 'threshold',
      otherwise: "the rules' own",
      about: ['Least cosine of a pair, for own files, in place of what the rules say.'],
      example: '0.28',
    },
    {
      name: 'kind',
      otherwise: 'told by names',
      about: ['What own files are, if their names do not tell.'],
      example: '"warc"',
    },
  ],
  'How much of this machine': [
    {
      name: 'threads',
      otherwise: 'all cores',
      about: ['Cores to use, at most.'],
      example: '4',
      everywhere: true,
    },
    {
      name: 'device',
      otherwise: 'auto',
      about: ['What scores pairs: auto, cpu, webgpu, cuda, cuda:1, dml, coreml; several with commas.'],
      example: '"auto"',
      everywhere: true,
    },
    { name: 'segments', otherwise: '1', about: ['Segments at once.'], example: '1' },
    {
      name: 'hours',
      otherwise: 'always',
      about: ['Hours of the day to work in, local time.'],
      example: '"22-6"',
    },
    {
      name: 'bandwidth',
      otherwise: 'no limit',
      about: ['Most that is read from the web a second.'],
      example: '"2MB"',
    },
    {
      name: 'disk',
      otherwise: 'no limit',
      about: ['Most that the data directory may take.'],
      example: '"50GB"',
    },
    {
      name: 'replicate',
      otherwise: 'none',
      about: ['Keep verified shards of others up to this.'],
      example: '"20GB"',
    },
  ],
  'Who you are, if you like': [
    {
      name: 'operator',
      otherwise: 'nobody',
      about: ['What you go by in the records of your shards, which are public and stay.'],
      example: '"Ada"',
    },
    { name: 'team', otherwise: 'none', about: ['The same of your team.'], example: '"The Analysts"' },
  ],
  Model: [
    {
      name: 'model',
      otherwise: "the campaign's own",
      about: ["A campaign's model by its name, directory, or hf:owner/name@revision."],
      example: '"shoal-mini"',
    },
    { name: 'precision', otherwise: 'any', about: ['Which of its precisions.'], example: '"fp32"' },
  ],
  Network: [
    {
      name: 'listen',
      otherwise: '/ip4/0.0.0.0/tcp/4631',
      about: ['Multiaddr to listen at.'],
      example: '"/ip4/0.0.0.0/tcp/4631"',
    },
    {
      name: 'gateway',
      otherwise: '127.0.0.1:4180',
      about: ['Where blocks are given over HTTP, HOST:PORT, or none.'],
      example: '"127.0.0.1:4180"',
    },
    {
      name: 'dashboard',
      otherwise: '127.0.0.1:4181',
      about: ['Where the dashboard is, HOST:PORT of this machine, or none.'],
      example: '"127.0.0.1:4181"',
    },
    { name: 'local', otherwise: 'false', about: ['Keep to this machine or LAN.'], example: 'false' },
    {
      name: 'offline',
      otherwise: 'false',
      about: ['Use pictures inside the archives alone.'],
      example: 'false',
    },
  ],
} as const satisfies Readonly<Record<string, readonly Setting[]>>

/** In the order of the config file, by headings. */
export const SETTINGS: Readonly<Record<keyof typeof GROUPS, readonly Setting[]>> = GROUPS

/** `SHOAL_MIN_WIDTH` */
export function variableOf(name: string): string {
  return `SHOAL_${name.toUpperCase().replaceAll('-', '_')}`
}
