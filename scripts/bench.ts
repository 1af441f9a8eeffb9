import { parseArgs } from 'node:util'

/**
 * `npm run bench [-- STAGE [FILE...]] [--json]`: each stage's speed beside the bare library's for the same work
 * in the same run; without a stage all of them, on input generated from a seed.
 */
const STAGES: Record<string, (files: string[]) => Promise<object>> = {
  wat: async ([file]) => (await import('./bench/wat.ts')).benchWat(file ? { file } : {}),
  html: async ([file]) => (await import('./bench/html.ts')).benchHtml(file ? { file } : {}),
  image: async (files) => (await import('./bench/image.ts')).benchImage(files.length > 0 ? { files } : {}),
  score: async ([model]) => (await import('./bench/score.ts')).benchScore(model),
  pipeline: async () => (await import('./bench/pipeline.ts')).benchPipeline(),
  busy: async ([device, model]) => (await import('./bench/pipeline.ts')).benchBusy(device, model),
  ledger: async () => (await import('./bench/ledger.ts')).benchLedger(),
  audit: async () => (await import('./bench/audit.ts')).benchAudit(),
  'audit-cost': async () => (await import('./bench/audit-cost.ts')).benchAuditCost(),
  search: async ([rows]) => (await import('./bench/search.ts')).benchSearch(rows ? Number(rows) : undefined),
  removals: async () => (await import('./bench/removals.ts')).benchRemovals(),
  export: async () => (await import('./bench/export.ts')).benchExport(),
  fetch: async () => (await import('./bench/fetch.ts')).benchFetch(),
  memory: async ([file]) => (await import('./bench/memory.ts')).benchMemory(file),
}
/** What every stage is to reach, as `ofLimit` counts it. */
const GOALS: Record<string, string> = {
  wat: '0.40 of inflating alone, 160,000 pairs/s on a core',
  html: '0.80 of inflating and htmlparser2 alone',
  image: "0.50 of sharp's decode and resize alone",
  score: '0.95 of session.run alone',
  pipeline: "0.85 of what the stages' own CPU times add up to",
  busy: 'a GPU busy 0.80 of the time; names: a device, a model',
  ledger: '0.60 of verifying Ed25519 signatures alone; 500,000 records open in 3 s and 400 MB',
  audit: 'verdicts of 100,000 shards tallied in 2 s',
  'audit-cost': 'at most 0.08 of the crawl, of all verifiers together',
  search: '20 ms a query of 200,000, recall 0.95',
  removals: 'a feed of 1,000,000 loads in 2 s and 100 MiB, a look-up takes 1 µs',
  export: '0.50 of hyparquet reading and writing the same columns from memory, unchecked',
  fetch: '0.40 of curl | sha256sum over HTTP, 0.40 of a bare libp2p stream with sha256 by bitswap',
  memory: '600 MiB, 50 ms',
}

/** Whoever wants to know asks for it: it takes minutes, to crawl 10,000 pictures or to index 200,000, or a GPU. */
const ASKED_FOR: readonly string[] = ['audit-cost', 'search', 'busy']

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
const [wanted, ...files] = positionals
if (wanted !== undefined && !Object.hasOwn(STAGES, wanted)) {
  console.error(`${wanted} is no stage: take ${Object.keys(STAGES).join(', ')}`)
  process.exit(2)
}

const figures: Record<string, unknown> = {}
const usual = Object.keys(STAGES).filter((stage) => !ASKED_FOR.includes(stage))
for (const stage of wanted === undefined ? usual : [wanted]) {
  const result = rounded(await STAGES[stage]!(files))
  // memory's two figures stand beside the stages
  const { rssMiB, loopP99Ms } = result as Record<string, unknown>
  Object.assign(figures, stage === 'memory' ? { rssMiB, loopP99Ms } : { [stage]: result })
  if (!values.json)
    console.log(`${stage.padEnd(9)} ${JSON.stringify(result)}\n          goal: ${GOALS[stage]}`)
}
console.log(JSON.stringify(figures))

function rounded(result: object): object {
  return JSON.parse(
    JSON.stringify(result, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value)),
  )
}
