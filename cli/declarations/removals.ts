import { COMMON, type Command } from './command.ts'

/** Opt-outs, removals, and what is kept out. */
export const REMOVALS: Readonly<Record<string, Command>> = {
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
    load: () => import('../commands/optout.ts'),
  },
  'removals list': {
    usage: '',
    describe: 'List what people asked this node to remove. And where it stands',
    options: [...COMMON],
    examples: ['removals list', 'removals list --json'],
    load: () => import('../commands/list-removals.ts'),
  },
  'removals status': {
    usage: '<request>',
    describe: 'Show where a request stands, whichever node took it',
    options: [...COMMON],
    examples: ['removals status abcdefghijklmnopqrstuvwxyz'],
    load: () => import('../commands/removal-status.ts'),
  },
  'removals export': {
    usage: '<campaign>',
    describe:
      'Write all that is removed to a signed file. Of one campaign, as hashes, for whoever takes in a million at once',
    options: ['out', ...COMMON],
    examples: ['removals export bafyrei… --out removals.feed'],
    load: () => import('../commands/export-removals.ts'),
  },
  'removals import': {
    usage: '<file>',
    describe:
      "Hide what such a file has. A custodian of its campaign has to have signed it. It takes the place of that custodian's last",
    options: ['signer', ...COMMON],
    examples: ['removals import removals.feed', 'removals import removals.feed --signer 12D3KooW…'],
    load: () => import('../commands/import-removals.ts'),
  },
  'removals prove': {
    usage: '<request>',
    describe: 'Look now whether a site proves a request. In the DNS, in its file, and by what it refuses',
    options: [...COMMON],
    examples: ['removals prove abcdefghijklmnopqrstuvwxyz'],
    load: () => import('../commands/prove-removal.ts'),
  },
  'removals review': {
    usage: '[request]',
    describe: "List what waits for a custodian's word, or decide on it. What is rejected lapses",
    options: ['confirm', 'reject', ...COMMON],
    examples: ['removals review', 'removals review abcdefghijklmnopqrstuvwxyz --confirm'],
    load: () => import('../commands/review-removals.ts'),
  },
  'removals verify': {
    usage: '<receipt>',
    describe: 'Check the signature of a receipt, and show what it says',
    options: [...COMMON],
    examples: ['removals verify shoal-receipt.json'],
    load: () => import('../commands/verify-receipt.ts'),
  },
  'blocklist add': {
    usage: '<file>',
    describe:
      'Neither ask for nor show what a list names. One JSON object a line, {"kind": "url", "value": "https://…"}. Kinds are url, host, md5, sha1, sha256, pdq. The list stays on this machine',
    options: ['name', ...COMMON],
    examples: ['blocklist add hashes.jsonl', 'blocklist add new.jsonl --name hashes'],
    load: () => import('../commands/add-blocklist.ts'),
  },
  'blocklist list': {
    usage: '',
    describe: 'List the blocklists here, and how much each has. Never what',
    options: [...COMMON],
    examples: ['blocklist list', 'blocklist list --json'],
    load: () => import('../commands/list-blocklists.ts'),
  },
  'blocklist remove': {
    usage: '<name>',
    describe: 'Look up a blocklist no longer',
    options: [...COMMON],
    examples: ['blocklist remove hashes'],
    load: () => import('../commands/remove-blocklist.ts'),
  },
  'denylist export': {
    usage: '<file>',
    describe:
      'Write a denylist for IPFS gateways. It names the blocks that hold what was removed. A file that is there is appended to',
    options: [...COMMON],
    examples: ['denylist export removed.deny'],
    load: () => import('../commands/export-denylist.ts'),
  },
}
