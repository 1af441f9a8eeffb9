import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ShoalError } from '../../protocol/errors.ts'
import type { SegmentSource } from '../components.ts'
import { isAddress, listSegments, tellKind } from '../local-campaign.ts'
import { addressOf } from './locate-source.ts'
import type { Source } from './sign-campaign.ts'

/** Where the paths of Common Crawl's lists begin. */
const COMMON_CRAWL = 'https://data.commoncrawl.org/'
/** A list of paths inflates to at most this, a few times Common Crawl's longest. */
const MAX_INFLATED_BYTES = 64 * 1024 * 1024

export interface SourceRequest {
  /** archives, or lists of them: text, an entry a line, or the same gzipped */
  files: readonly string[]
  kind: SegmentSource['kind'] | null
  /** null: Common Crawl for lists; files of this machine then can't be had by others */
  base: string | null
  parts: number
}

/**
 * The sources of a campaign that others take part in, one for each kind and place.
 *
 * @throws ShoalError `file_*`, `list_unreadable`, `list_empty`, `base_missing`, `entry_address`
 */
export async function readSources({ files, kind, base, parts }: SourceRequest): Promise<Source[]> {
  if (files.length === 0) throw new ShoalError('file_none', 'no file is named: name a list, or archives')
  const sources: Source[] = []
  const add = (entry: string, at: string) => {
    addressOf(at, entry)
    const its = kind ?? tellKind(entry)
    const found = sources.find((source) => source.kind === its && source.base === at)
    if (found) found.entries.push(entry)
    else sources.push({ kind: its, base: at, entries: [entry], parts })
  }
  const root = base === null || base.endsWith('/') ? base : `${base}/`
  const archives = files.filter((file) => !isAddress(file) && isArchive(file))
  if (archives.length > 0 && root === null)
    throw new ShoalError(
      'base_missing',
      `${archives[0]} lies on this machine, where others can't read it: say with --base at which address it is served`,
    )
  if (archives.length > 0)
    for (const { source } of await listSegments({ files: archives, kind }, true)) add(source.name, root!)
  for (const file of files.filter((file) => !archives.includes(file))) {
    if (isAddress(file) && isArchive(file)) add(file, '')
    else
      for (const entry of await readList(file))
        isAddress(entry) ? add(entry, '') : add(entry, root ?? COMMON_CRAWL)
  }
  return sources
}

function isArchive(file: string): boolean {
  return /\.(warc|wat)(\.gz)?$/i.test(file)
}

async function readList(file: string): Promise<string[]> {
  if (isAddress(file))
    throw new ShoalError('list_unreadable', `${file} lies on a server: download the list, then name the file`)
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new ShoalError('list_unreadable', `can't read ${file} (${cause.message}): check the path`, {
      cause,
    })
  })
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b
  const text = zipped
    ? await promisify(gunzip)(bytes, { maxOutputLength: MAX_INFLATED_BYTES }).catch((cause: Error) => {
        throw new ShoalError('list_unreadable', `${file} does not inflate (${cause.message})`, { cause })
      })
    : bytes
  const entries = text.toString('utf8').split(/\r?\n/).filter(Boolean)
  if (entries.length === 0) throw new ShoalError('list_empty', `${file} names no archive`)
  return entries
}
