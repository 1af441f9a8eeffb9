import { resolve } from 'node:path'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import { readPolicy } from '../policy.ts'
import { manageReleases } from '../releases.ts'
import { showRelease } from '../show-release.ts'
import { suggest } from '../suggest.ts'

/** Days for which a release may be used before somebody has to look for removals again. */
const VALID_DAYS = 30

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const created = await manageReleases(context, 'createRelease', {
    campaign: args[0]!,
    policy: await readPolicy(options),
    removals: options.removals === undefined ? null : resolve(options.removals),
    attestedBy: options['attested-by'] ?? null,
    profile: options.profile,
    validDays: options.valid ?? VALID_DAYS,
  })
  showRelease(output, created)
  output.print()
  if (options.removals !== undefined)
    output.print(`${formatThings(created.signedRemovals, 'removal')} signed; those known before stay.`)
  if (created.renewed) output.print('The same as the release before: it is signed again, with newer dates.')
  if (created.refused === 'release_signer')
    output.print('This node is no organiser or operator: others take it with --signer only.')
  output.print('Hand its name around:')
  output.print(created.release)
  output.print(`Use it: ${suggest('export CID', options.data)}`)
  output.emit(created)
}
