import { COMMON, type Command } from './command.ts'

/** Crawls on this machine alone. */
export const CRAWLING: Readonly<Record<string, Command>> = {
  demo: {
    usage: '',
    describe:
      'Run all of it on a small crawl that comes with Shoal. One of its three nodes cheats: it forges scores, or what --cheat names. Known are scores, texts, rows, withhold, drop, optouts, model, grind, none. No packet leaves this machine',
    options: ['cheat', 'threads', ...COMMON],
    examples: ['demo', 'demo --cheat texts', 'demo --cheat none --json'],
    load: () => import('../commands/demo.ts'),
  },
  crawl: {
    usage: '<file...>',
    describe:
      'Turn WARC or WAT files into signed shards of pairs. Files are paths or http(s) URLs. Run again after an interruption, it goes on from there',
    options: [
      ...(['preset', 'model', 'threshold', 'tags', 'head', 'out', 'kind'] as const),
      ...(['offline', 'threads', 'device', 'contact'] as const),
      ...COMMON,
    ],
    examples: [
      'crawl segment.warc.gz --offline',
      'crawl *.wat.gz --preset datacomp-basic --contact me@example.org',
      'crawl a.warc.gz --model models/clip --out pairs',
    ],
    load: () => import('../commands/crawl.ts'),
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
    load: () => import('../commands/calibrate-tags.ts'),
  },
}
