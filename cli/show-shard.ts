import type { ShardDetails } from '../node/components.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Output } from './output.ts'
import { showFiles, showOutcomes, showSamples } from './summary.ts'
import { layOut, shorten } from './table.ts'

const SAMPLES = 5

/** @throws ShoalError `not_verified` where it is not what it claims to be, after it has been shown */
export function showShard(output: Output, shard: ShardDetails): void {
  output.heading(shorten(shard.name, 80))
  const facts = [
    ['manifest', shard.manifest],
    ['campaign', `${shard.campaign} segment ${shard.segment}`],
    ['signed by', shard.peer],
    ['model', `${shorten(shard.model, 45)} on ${shorten(shard.deviceClass, 18)}`],
    ['software', shorten(shard.software, 60)],
    ['verified', shard.verified ? 'yes: signature, every block, counts' : 'NO'],
  ]
  for (const line of layOut([{ title: '' }, { title: '' }], facts)) output.print(line)
  output.print()
  showOutcomes(output, shard.outcomes)
  showSamples(output, shard.samples, SAMPLES)
  output.print()
  showFiles(output, shard.files)
  output.emit(shard)
  if (!shard.verified)
    throw new ShoalError(
      'not_verified',
      `${shard.manifest} is not what it claims to be: fetch it again, or from somebody else`,
    )
}
