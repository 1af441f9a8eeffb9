import type { CrawlRequest, Node } from '../node/components.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Context } from './declarations.ts'
import { formatCount, formatSeconds } from './numbers.ts'
import { suggest } from './suggest.ts'
import { addUp, type CrawlTotal, showOutcomes, showResult } from './summary.ts'

const SAMPLES = 5
/** Of many segments, each one's whole story is too long. */
const SAMPLES_OF_MANY = 2

/**
 * Runs a crawl and shows each segment as it is done, then all of them; with `--json` a line `{"segment": …}` for
 * each, and the totals in the last line.
 *
 * @param data - what a next command needs to find this node again
 * @throws ShoalError `not_verified` where a shard did not read back as it was written
 */
export async function showCrawl(
  { output, signal }: Context,
  node: Node,
  request: Omit<CrawlRequest, 'signal' | 'onProgress'>,
  data: string | undefined,
): Promise<CrawlTotal> {
  const results = []
  const several = request.files.length > 1
  for await (const result of node.crawl({ ...request, signal, onProgress: output.progress })) {
    results.push(result)
    if (several) output.emit({ segment: result })
    showResult(output, result, several ? SAMPLES_OF_MANY : SAMPLES)
    output.print()
  }
  const total = addUp(results)
  if (several) {
    const { candidates, pairs, seconds } = total
    output.heading(
      `All ${results.length} files: ${formatCount(candidates)} candidates, ${formatCount(pairs)} pairs, ${formatSeconds(seconds)}`,
    )
    showOutcomes(output, total.outcomes)
    output.print()
  }
  const cid = results.at(-1)?.manifest
  if (cid !== undefined) {
    output.heading('Next')
    output.print(`  ${suggest(`shard show ${cid}`, data)}`)
    output.print(`  ${suggest(`export ${cid} --format laion5b`, data)}`)
  }
  output.emit(total)
  if (!total.verified)
    throw new ShoalError(
      'not_verified',
      'a shard did not read back from the blockstore as it was written: check the disk, then run the same command again',
    )
  return total
}
