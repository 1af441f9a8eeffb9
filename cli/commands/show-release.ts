import type { Context } from '../declarations.ts'
import { manageReleases } from '../releases.ts'
import { showRelease } from '../show-release.ts'

export async function run(context: Context): Promise<void> {
  const { args, output } = context
  const release = await manageReleases(context, 'showRelease', args[0]!)
  showRelease(output, release)
  output.emit(release)
}
