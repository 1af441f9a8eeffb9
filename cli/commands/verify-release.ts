import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'
import { manageReleases } from '../releases.ts'
import { showRelease } from '../show-release.ts'

const STATES = { holds: 'holds', fails: 'FAILS', unknown: 'not all here' } as const

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const signers = options.signer === undefined ? [] : [options.signer]
  const verified = await manageReleases(context, 'verifyRelease', args[0]!, signers)
  showRelease(output, verified)
  output.print()
  const rows = verified.checks.map(({ what, state, detail }) => [what, STATES[state], detail])
  output.table([{ title: 'looked into' }, { title: 'it' }, { title: 'found' }], rows)
  output.emit(verified)
  const failed = verified.checks.filter(({ state }) => state === 'fails')
  if (failed.length > 0)
    throw new ShoalError(
      'release_invalid',
      `release ${verified.release} is not what it claims (${failed.map(({ what }) => what).join(', ')}): do not use it`,
    )
}
