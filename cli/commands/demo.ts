import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findDataDir } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'
import { startSites } from '../demo/sites.ts'
import { withNode } from '../open.ts'
import { showCrawl } from '../show-crawl.ts'

/** Tells a demo's directory from one that a person made. */
const MARKER = '.shoal-demo'

export async function run(context: Context): Promise<void> {
  const { options, output } = context
  const dataDir = join(findDataDir(options.data), 'demo')
  await prepare(dataDir)
  output.print('The demo crawl: a small archive of made-up sites.')
  output.print('Their pictures come from a web server on this machine; no packet leaves it.')
  output.print()
  const sites = await startSites()
  try {
    await withNode(context, { dataDir, loopback: { hosts: sites.hosts } }, (node) =>
      showCrawl(
        context,
        node,
        {
          files: [fileURLToPath(new URL('../demo/demo.warc.gz', import.meta.url))],
          kind: 'warc',
          preset: 'laion-5b',
          threshold: null,
          outDir: join(dataDir, 'out'),
        },
        dataDir,
      ),
    )
  } finally {
    await sites.close()
  }
}

/** Each demo begins anew: what an earlier one left is removed, what is somebody's own is not touched. */
async function prepare(dir: string): Promise<void> {
  const found = await readdir(dir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (found.length > 0 && !found.includes(MARKER))
    throw new ShoalError(
      'demo_directory',
      `${dir} holds files that are not the demo's: choose another place with --data`,
    )
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  await writeFile(
    join(dir, MARKER),
    'Made by `shoal demo`, which removes this directory when it runs again.\n',
  )
}
