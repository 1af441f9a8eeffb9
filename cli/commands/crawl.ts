import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findDataDir } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'
import { withNode } from '../open.ts'
import { showCrawl } from '../show-crawl.ts'

export async function run(context: Context): Promise<void> {
  const { args: files, options } = context
  for (const file of files) await checkFile(file)
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
      },
      options.data,
    ),
  )
}

function isAddress(file: string): boolean {
  return /^https?:\/\//i.test(file)
}

/** A hundred files may take days: the one with a typing error is told at once. */
async function checkFile(file: string): Promise<void> {
  if (isAddress(file)) return
  const found = await stat(file).catch(() => null)
  if (found === null) throw new ShoalError('file_missing', `${file} is not there: check the path`)
  if (!found.isFile())
    throw new ShoalError('file_kind', `${file} is not a file: name the WARC or WAT files in it one by one`)
}
