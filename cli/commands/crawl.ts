import { join, resolve } from 'node:path'
import { isAddress } from '../../node/local-campaign.ts'
import { findDataDir } from '../../node/paths.ts'
import type { Context } from '../declarations.ts'
import { withNode } from '../open.ts'
import { readSafety } from '../read-safety.ts'
import { showCrawl } from '../show-crawl.ts'

export async function run(context: Context): Promise<void> {
  const { args: files, options } = context
  const outDir = resolve(options.out ?? join(findDataDir(options.data), 'out'))
  await withNode(context, {}, (node) =>
    showCrawl(
      context,
      node,
      {
        files: files.map((file) => (isAddress(file) ? file : resolve(file))),
        kind: options.kind ?? null,
        preset: options.preset ?? 'laion-5b',
        threshold: options.threshold ?? null,
        outDir,
        ...readSafety(options),
      },
      options.data,
    ),
  )
}
