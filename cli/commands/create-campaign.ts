import { resolve } from 'node:path'
import { isAddress } from '../../node/local-campaign.ts'
import { manage } from '../campaigns.ts'
import type { Context } from '../declarations.ts'
import { formatCount } from '../numbers.ts'
import { UsageError } from '../parse.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const { name, contact } = options
  if (name === undefined || contact === undefined)
    throw new UsageError('campaign create needs --name, and --contact for the sites that its nodes will ask')
  const created = await manage(context, 'create', {
    files: args.map((file) => (isAddress(file) ? file : resolve(file))),
    ...{ kind: options.kind ?? null, base: options.base ?? null, parts: options.parts ?? 1, name, contact },
    ...{ preset: options.preset ?? 'laion-5b', threshold: options.threshold ?? null },
    model:
      options.model === undefined || /^hf:/.test(options.model)
        ? (options.model ?? null)
        : resolve(options.model),
  })
  output.print(`A campaign of ${formatCount(created.segments)} segments. Hand its name around:`)
  output.print(created.campaign)
  output.print(`Work on it: ${suggest('start', options.data)}`)
  output.emit(created)
}
