import { resolve } from 'node:path'
import { isAddress } from '../../node/local-campaign.ts'
import { manage } from '../campaigns.ts'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import { UsageError } from '../parse.ts'
import { readPeers } from '../policy.ts'
import { readSafety } from '../read-safety.ts'
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
    ...readSafety(options),
    audit: {
      ...(options.verifiers === undefined ? {} : { verifiers: options.verifiers }),
      ...(options.samples === undefined ? {} : { samples: options.samples }),
    },
    without: options.without?.split(',') ?? [],
    custodians: options.custodians === undefined ? [] : await readPeers(options.custodians),
    precisions: options.precision?.split(',') ?? null,
    model: options.model ?? null,
  })
  output.print(`A campaign of ${formatThings(created.segments, 'segment')}. Hand its name around:`)
  output.print(created.campaign)
  const daemon = await tryControl(context, 'status')
  output.print(
    daemon === undefined
      ? `Work on it: ${suggest('start', options.data)}`
      : `This node works on it: ${suggest('status', options.data)}`,
  )
  output.emit(created)
}
