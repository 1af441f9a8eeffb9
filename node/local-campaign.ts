import { stat } from 'node:fs/promises'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { ShoalError } from '../protocol/errors.ts'
import type { CampaignPlan } from './campaigns/campaigns.ts'
import type { CrawlRequest, SegmentSource } from './components.ts'

/** A file of a campaign made on this machine, as a segment. */
export interface LocalSegment {
  /** as the caller named it */
  file: string
  source: SegmentSource
  /** its index in the campaign, which need not be its place among the files */
  index: number
  /** changes when the file does: a run of another content is no run of this one */
  fingerprint: string
  /** length of the file, or null where it lies on a server */
  bytes: number | null
  /** where plain copies of its shard go, below the directory asked for */
  folder: string
}

/** A campaign has sources of one kind each; segments are numbered source by source. */
const KINDS = ['warc', 'wat'] as const
/** Characters of a folder's name made of an address: file systems allow 255 bytes. */
const MAX_FOLDER_CHARS = 200

/**
 * Name each file for the world: by its place below the directory that all of them share, so that no row
 * tells where on this machine they lie. An address is its own name.
 *
 * @param request - what is to be crawled
 * @param offline - refuse what lies on a server
 * @throws ShoalError `file_none`, `file_twice`, `file_missing`, `file_unreadable`, `file_name`, `file_kind`,
 *   `file_offline`
 */
export async function listSegments(
  { files, kind }: Pick<CrawlRequest, 'files' | 'kind'>,
  offline: boolean,
): Promise<LocalSegment[]> {
  if (files.length === 0) throw new ShoalError('file_none', 'no file is named: name at least one WARC or WAT')
  const places = files.map((file) => (isAddress(file) ? file : resolve(file)))
  const twice = files.find((_, i) => places.indexOf(places[i] as string) !== i)
  if (twice !== undefined) throw new ShoalError('file_twice', `${twice} is named twice: name each file once`)
  const root = sharedDirectory(places.filter((place) => !isAddress(place)))
  const segments = await Promise.all(
    files.map(async (file, i) => {
      const location = places[i] as string
      const remote = isAddress(location)
      if (remote && offline) {
        throw new ShoalError('file_offline', `${file} lies on a server: download it, or leave out --offline`)
      }
      const name = remote ? location : relative(root, location).split(sep).join('/')
      if (/[\r\n]/.test(name)) {
        throw new ShoalError('file_name', `${JSON.stringify(file)} has a line break in its name: rename it`)
      }
      const source = { kind: kind ?? tellKind(file), location, name, part: { index: 0, count: 1 } }
      const { bytes, fingerprint } = remote ? { bytes: null, fingerprint: file } : await lookAt(location)
      return { file, source, index: 0, bytes, fingerprint, folder: remote ? folderOf(location) : name }
    }),
  )
  bySource(segments).forEach((segment, index) => {
    segment.index = index
  })
  return segments
}

/** What the campaign of these files, which others can't read, consists of, and what it is called. */
export function planSources(segments: LocalSegment[]): Pick<CampaignPlan, 'name' | 'sources'> {
  const sources = KINDS.map((kind) => ({
    ...{ kind, base: '', parts: 1 },
    entries: segments.filter(({ source }) => source.kind === kind).map(({ source }) => source.name),
  })).filter(({ entries }) => entries.length > 0)
  return { name: `crawl of ${segments.length} file${segments.length === 1 ? '' : 's'}`, sources }
}

function bySource(segments: LocalSegment[]): LocalSegment[] {
  return KINDS.flatMap((kind) => segments.filter(({ source }) => source.kind === kind))
}

export function isAddress(file: string): boolean {
  return /^https?:\/\//i.test(file)
}

/** The deepest directory above all of the absolute paths. */
function sharedDirectory(paths: string[]): string {
  let shared = dirname(paths[0] ?? sep)
  while (!paths.every((path) => path.startsWith(shared.endsWith(sep) ? shared : shared + sep))) {
    const parent = dirname(shared)
    // on Windows paths on two drives share none
    if (parent === shared)
      throw new ShoalError('file_name', 'the files lie on different drives: crawl each drive by itself')
    shared = parent
  }
  return shared
}

async function lookAt(path: string): Promise<{ bytes: number; fingerprint: string }> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
      ? new ShoalError('file_missing', `${path} is not there: check the path`, { cause })
      : new ShoalError('file_unreadable', `can't look at ${path} (${cause.message}): let this user read it`, {
          cause,
        })
  })
  if (!found.isFile())
    throw new ShoalError('file_missing', `${path} is no file: name the WARC or WAT files in it`)
  return { bytes: found.size, fingerprint: `${found.size} ${found.mtimeMs}` }
}

/** @throws ShoalError `file_kind` */
export function tellKind(file: string): SegmentSource['kind'] {
  const name = basename(file.replace(/[?#].*$/s, ''))
  if (/\.wat(\.gz)?$/i.test(name)) return 'wat'
  if (/\.warc(\.gz)?$/i.test(name)) return 'warc'
  throw new ShoalError(
    'file_kind',
    `${file} ends neither in .warc nor in .wat (with or without .gz): say which it is with --kind`,
  )
}

function folderOf(address: string): string {
  const name = address.replace(/^https?:\/\//i, '').replace(/[^\w.-]+/g, '_')
  return name.slice(-MAX_FOLDER_CHARS)
}
