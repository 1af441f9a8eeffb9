/**
 * Write `protocol/vectors/*.json`: what every implementation of Shoal must agree on, valid and invalid.
 * The same on every run: keys come from fixed seeds, and Ed25519 signatures are deterministic.
 *
 * `node scripts/make-vectors.ts`
 */
import { writeFile } from 'node:fs/promises'
import { codecCases } from './vectors/codec.ts'
import { envelopeCases } from './vectors/envelope.ts'
import { campaignCases, manifestCases, shardCases } from './vectors/records.ts'
import { filterCases, segmentCases } from './vectors/rules.ts'

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
    'shard.json': print(`${RECORD} ${SPELLING}`, await shardCases()),
    'manifest.json': print(`Decode \`bytes\`: ${SPELLING}`, manifestCases()),
    'filter.json': print(
      'Apply `rule` under the rules of `preset` to `input`: it gives `output`.',
      filterCases(),
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
