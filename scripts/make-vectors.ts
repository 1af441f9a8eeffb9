/**
 * Write `protocol/vectors/*.json`: what every implementation of Shoal must agree on, valid and invalid.
 * The same on every run: keys come from fixed seeds, and Ed25519 signatures are deterministic.
 *
 * `node scripts/make-vectors.ts`
 */
import { writeFile } from 'node:fs/promises'
import { admitCases } from './vectors/admit.ts'
import { claimCases } from './vectors/claim.ts'
import { codecCases } from './vectors/codec.ts'
import { envelopeCases } from './vectors/envelope.ts'
import { nameCases } from './vectors/names.ts'
import { campaignCases, manifestCases, shardCases } from './vectors/records.ts'
import { filterCases, segmentCases } from './vectors/rules.ts'
import { assignCases, selectCases } from './vectors/share.ts'

const SPELLING = 'Bytes are lower-case hex; values are DAG-JSON.'
const ZEROS = '`zeros` is how many zero bytes follow the given ones.'
const RECORD =
  'Open `envelope`, then decode its body: the result is `value`, and the CID of the envelope `id`, or the code is `error`.'

/** @returns the text of each vector file, by its name */
export async function makeVectors(): Promise<Record<string, string>> {
  return {
    'codec.json': print(`Decode \`bytes\`: ${SPELLING} ${ZEROS} \`cid\` is that of the bytes.`, codecCases()),
    'envelope.json': print(
      `Open \`envelope\`: ${SPELLING} ${ZEROS} \`message\` is what was signed.`,
      await envelopeCases(),
    ),
    'campaign.json': print(`${RECORD} ${SPELLING} \`pipelineId\` names the pipeline.`, await campaignCases()),
    'claim.json': print(`${RECORD} ${SPELLING}`, await claimCases()),
    'shard.json': print(`${RECORD} ${SPELLING}`, await shardCases()),
    'manifest.json': print(`Decode \`bytes\`: ${SPELLING}`, manifestCases()),
    'filter.json': print(
      'Apply `rule` under the rules of `preset` to `input`: it gives `output`.',
      filterCases(),
    ),
    'admit.json': print(
      'Open `envelope`, decode its body, and admit it at `now` to a node that knows `campaign`, `newest` (an envelope), `recentClaims` and `sameSeq`: it comes to `verdict` and `code`, and takes the place of `replaces`.',
      await admitCases(),
    ),
    'assign.json': print(
      'Weigh `peer` for `segment`: `weight`; or find its `owner` among `peers`.',
      assignCases(),
    ),
    'select.json': print(
      'Who holds `segment` at `now`, by these claims and shards in any order: `holding`; or what `precedence` the peer has.',
      selectCases(),
    ),
    'names.json': print(
      'The records of `campaign` are gossiped under `topic`; the claimants of `segment` are providers of `key`.',
      nameCases(),
    ),
    'segment.json': print('Count the segments of `sources`, and locate `index`.', segmentCases()),
  }
}

function print(about: string, cases: unknown[]): string {
  return `${JSON.stringify({ about, cases }, null, 1)}\n`
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await makeVectors())) {
    await writeFile(new URL(`../protocol/vectors/${name}`, import.meta.url), text)
  }
}
