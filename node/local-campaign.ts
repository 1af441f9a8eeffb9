import { stat } from 'node:fs/promises'
import { basename, dirname, relative, sep } from 'node:path'
import { ShoalError } from '../protocol/errors.ts'
import type { SegmentSource } from './components.ts'

/** A file of a campaign made on this machine, as a segment. */
export interface LocalSegment {
  /** as the caller named it */
  file: string
  source: SegmentSource
  bytes: number | null
  /** changes when the file does: a run of another content is no run of this one */
  fingerprint: string
}

/**
 * Name each file for the world: by its place below the directory that all of them share, so that no row
 * tells where on this machine they lie. An address is its own name.
 *
 * @param kind - null to tell it from the names
 * @throws ShoalError `file_missing`, `file_kind`, `file_twice`
 */
export async function listSegments(
  files: string[],
  kind: SegmentSource['kind'] | null,
): Promise<LocalSegment[]> {
  const twice = files.find((file, i) => files.indexOf(file) !== i)
  if (twice !== undefined) throw new ShoalError('file_twice', `${twice} is named twice: name each file once`)
  const root = sharedDirectory(files.filter((file) => !isAddress(file)))
  return Promise.all(
    files.map(async (file) => {
      const name = isAddress(file) ? file : relative(root, file).split(sep).join('/')
      const source = { kind: kind ?? tellKind(file), location: file, name, part: { index: 0, count: 1 } }
      if (isAddress(file)) return { file, source, bytes: null, fingerprint: file }
      const found = await stat(file).catch(() => null)
      if (!found?.isFile()) throw new ShoalError('file_missing', `${file} is no file: check the path`)
      return { file, source, bytes: found.size, fingerprint: `${found.size} ${found.mtimeMs}` }
    }),
  )
}

export function isAddress(file: string): boolean {
  return /^https?:\/\//i.test(file)
}

function sharedDirectory(paths: string[]): string {
  let shared = dirname(paths[0] ?? sep)
  while (!paths.every((path) => path.startsWith(shared.endsWith(sep) ? shared : shared + sep))) {
    shared = dirname(shared)
  }
  return shared
}

function tellKind(file: string): SegmentSource['kind'] {
  const name = basename(file.replace(/[?#].*$/s, ''))
  if (/\.wat(\.gz)?$/i.test(name)) return 'wat'
  if (/\.warc(\.gz)?$/i.test(name)) return 'warc'
  throw new ShoalError(
    'file_kind',
    `${file} ends neither in .warc nor in .wat (with or without .gz): say which it is with --kind`,
  )
}
