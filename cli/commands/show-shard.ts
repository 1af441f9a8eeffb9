import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'
import { withNode } from '../open.ts'
import { showFiles, showOutcomes, showSamples } from '../summary.ts'
import { layOut, shorten } from '../table.ts'

const SAMPLES = 5

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const cid = args[0]!
  const shard = await withNode(context, {}, (node) => node.showShard(cid))
  output.heading(shorten(shard.name, 80))
  const facts = [
    ['manifest', shard.manifest],
    ['campaign', `${shard.campaign}, segment ${shard.segment}`],
    ['signed by', shard.peer],
    ['model', `${shorten(shard.model, 60)} on ${shorten(shard.deviceClass, 20)}`],
    ['software', shorten(shard.software, 60)],
    ['verified', shard.verified ? 'yes: signature, every block, counts' : 'NO'],
  ]
  for (const line of layOut([{ title: '' }, { title: '' }], facts, 120)) output.print(line)
  output.print()
  showOutcomes(output, shard.outcomes)
  showSamples(output, shard.samples, SAMPLES)
  output.print()
  showFiles(output, shard.files)
  output.emit(shard)
  if (!shard.verified)
    throw new ShoalError(
      'not_verified',
      `${cid} is not what it claims to be: fetch it again, or from somebody else`,
    )
}
