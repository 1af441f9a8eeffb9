/**
 * Makes the demo's crawl, `cli/demo/`: a WARC, the WAT of it, the files of its made-up sites, what their servers
 * answer, and what must become of every candidate. Running it again gives the same bytes.
 *
 *     node scripts/make-demo-crawl.ts [--icons DIR]
 *
 * The drawings come from npm packages that are installed into a temporary folder, or lie already in
 * `DIR/node_modules`; the repository does not depend on them.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Outcome } from '../protocol/outcomes.ts'
import { type Entry, gzipMember, type Written, writeArchive } from './demo/archive.ts'
import { type ArchivedPicture, addArchived } from './demo/archived.ts'
import { addGalleries } from './demo/galleries.ts'
import { addLanguages } from './demo/languages.ts'
import { describeLicences } from './demo/licences.ts'
import { openJudge } from './demo/measure.ts'
import { addMessy } from './demo/messy.ts'
import { addNetwork } from './demo/network.ts'
import { makeHostileFiles, VARIANTS } from './demo/odd-files.ts'
import { type Demo, type DemoPage, startDemo } from './demo/page.ts'
import { renderPicture } from './demo/pictures.ts'
import { addRefusals } from './demo/refusals.ts'

const ICON_SETS = {
  '@iconify-json/noto': '1.2.9',
  '@iconify-json/twemoji': '1.2.5',
  '@iconify-json/fluent-emoji-flat': '1.2.6',
  '@iconify-json/circle-flags': '1.2.11',
}
const NAME = 'demo'
/** Pieces that the archive is served in: a campaign's segments. */
const SEGMENTS = 6
/** What the damaged files would show. */
const HOSTILE = 'noto:parrot'
/** The model's own threshold is 0.23; expectations keep clear of it, so that rounding decides nothing. */
const THRESHOLD = 0.23
const SURELY_KEPT = 0.3
const SURELY_DROPPED = 0.15
/** Of a text under the preset. */
const LEAST_CHARS = 5
const MODEL = fileURLToPath(new URL('../node/score/shoal-mini', import.meta.url))
const OUT = fileURLToPath(new URL('../cli/demo/', import.meta.url))

const { values } = parseArgs({ options: { icons: { type: 'string' } } })
const icons = values.icons ?? installIcons()
try {
  await make(join(icons, 'node_modules'))
} finally {
  if (values.icons === undefined) rmSync(icons, { recursive: true })
}

async function make(iconDirectory: string): Promise<void> {
  const demo = startDemo()
  addGalleries(demo)
  addLanguages(demo)
  addMessy(demo)
  addRefusals(demo)
  addNetwork(demo)
  const archived = addArchived(demo)
  const files = await makeFiles(demo, iconDirectory)
  const similarities = await measure(demo, files)
  const entries = arrange(demo.pages, archived, files)
  const written = writeArchive(NAME, entries)
  serveArchive(demo, entries, written)

  rmSync(join(OUT, 'files'), { recursive: true, force: true })
  mkdirSync(join(OUT, 'files'), { recursive: true })
  const served = new Set(
    Object.values(demo.sites).flatMap((paths) => Object.values(paths).map(({ file }) => file)),
  )
  for (const [name, bytes] of files) if (served.has(name)) writeFileSync(join(OUT, 'files', name), bytes)
  writeFileSync(join(OUT, `${NAME}.warc.gz`), written.warc)
  writeFileSync(join(OUT, `${NAME}.warc.wat.gz`), written.wat)
  writeFileSync(join(OUT, 'sites.json'), formatSites(demo))
  writeFileSync(join(OUT, 'expected.json'), formatExpected(demo, entries, written, similarities))
  const damaged = ['tiny.jpg', 'truncated.jpg', 'damaged.png', 'moving.gif'].map(
    (name) => [name, HOSTILE] as const,
  )
  const shown = new Map([...demo.pictures, ...damaged])
  writeFileSync(join(OUT, 'LICENSES.md'), describeLicences(iconDirectory, ICON_SETS, shown))
  report(demo, files, written)
}

function installIcons(): string {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-icons-'))
  writeFileSync(join(directory, 'package.json'), '{"private":true}')
  const names = Object.entries(ICON_SETS).map(([name, version]) => `${name}@${version}`)
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...names], {
    cwd: directory,
  })
  return directory
}

async function makeFiles(demo: Demo, iconDirectory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const [name, icon] of [...demo.pictures].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const variant = VARIANTS[name]
    // a variant starts from an ordinary rendering, which needs a name for its colours
    const picture = await renderPicture(iconDirectory, icon, variant === undefined ? name : `${name}.jpg`)
    files.set(name, variant === undefined ? picture : await variant(picture))
  }
  const any = await renderPicture(iconDirectory, HOSTILE, 'hostile.jpg')
  for (const [name, bytes] of await makeHostileFiles(any)) files.set(name, bytes)
  return files
}

/** Ask the model about every pair that is scored, and refuse the demo where it is not sure. */
async function measure(demo: Demo, files: Map<string, Buffer>): Promise<Map<object, number>> {
  const judge = await openJudge(MODEL)
  const similarities = new Map<object, number>()
  const unsure: string[] = []
  for (const page of demo.pages) {
    for (const candidate of page.candidates) {
      const { picture, outcome, text } = candidate
      if (picture === undefined || !(outcome === 'kept' || outcome === 'similarity')) continue
      const name = fileOf(demo, candidate.url)
      const similarity = await judge(files.get(name) as Buffer, text)
      similarities.set(candidate, similarity)
      const sure = outcome === 'kept' ? similarity >= SURELY_KEPT : similarity <= SURELY_DROPPED
      if (!sure || [...text].length < LEAST_CHARS) {
        unsure.push(`${outcome} ${name} ${JSON.stringify(text)}: ${similarity.toFixed(3)}`)
      }
    }
  }
  if (unsure.length > 0)
    throw new Error(
      `the model is not sure of these, or the caption is too short; change caption or picture:\n${unsure.join('\n')}`,
    )
  return similarities
}

/** The file that an address ends in, after redirects; archived pictures have theirs in the name. */
function fileOf(demo: Demo, address: string): string {
  const { host, pathname, search } = new URL(address)
  const answer = demo.sites[host]?.[pathname + search]
  const location = answer?.headers?.find(([name]) => name === 'Location')?.[1]
  if (location !== undefined) return fileOf(demo, new URL(location, address).href)
  return answer?.file ?? (pathname.split('/').at(-1) as string)
}

/** The order in the file: pages, pictures around the page that shows them, and damage in between. */
function arrange(
  pages: DemoPage[],
  archived: { before: ArchivedPicture[]; after: ArchivedPicture[] },
  files: Map<string, Buffer>,
): Entry[] {
  const store = ({ url, file, headers }: ArchivedPicture): Entry => ({
    kind: 'response',
    response: { url, status: 200, headers, body: files.get(file) as Buffer },
  })
  const lost = gzipMember(
    Buffer.from(
      'WARC/1.0\r\nWARC-Type: metadata\r\nContent-Length: 9000\r\n\r\nthis record was never written to its end',
    ),
  )
  const spoilt = Buffer.from(lost)
  for (let i = 12; i < spoilt.length; i++) spoilt[i] = ((spoilt[i] as number) * 7 + i) % 256
  const damage: [after: number, bytes: Buffer][] = [
    [5, spoilt],
    [14, lost.subarray(0, Math.floor(lost.length / 2))],
    [23, gzipMember(Buffer.from('This is no record.\r\n\r\n'))],
    [31, lost],
  ]
  return pages.flatMap((page, i): Entry[] => {
    const own = page.url.startsWith('http://archive.example/')
    const broken = damage.filter(([after]) => after === i)
    return [
      ...(own ? archived.before.map(store) : []),
      { kind: 'page', page },
      ...(own ? archived.after.map(store) : []),
      ...broken.map(([, bytes]): Entry => ({ kind: 'damage', bytes })),
    ]
  })
}

/**
 * Cut the archive into pieces with about as many candidates each. They begin where a page does, so that each is a WARC
 * of its own; the last page's pictures lie around it and belong to it.
 */
function serveArchive(demo: Demo, entries: Entry[], { starts, warc }: Written): void {
  const total = demo.pages.reduce((sum, { candidates }) => sum + candidates.length, 0)
  const borders = [0]
  let before = 0
  for (const [i, entry] of entries.entries()) {
    if (entry.kind !== 'page') continue
    if (entries[i - 1]?.kind !== 'response' && before >= (borders.length * total) / SEGMENTS)
      borders.push(starts[i] as number)
    before += entry.page.candidates.length
  }
  for (const [i, start] of borders.entries())
    demo.serve(`http://crawl.example/${NAME}-${i}.warc.gz`, {
      archive: [start, borders[i + 1] ?? warc.length],
    })
}

function formatSites(demo: Demo): string {
  const hosts = Object.entries(demo.sites).map(([host, paths]) => {
    const lines = Object.entries(paths).map(
      ([path, answer]) => `    ${JSON.stringify(path)}: ${JSON.stringify(answer)}`,
    )
    return `  ${JSON.stringify(host)}: {\n${lines.join(',\n')}\n  }`
  })
  return `{\n${hosts.join(',\n')}\n}\n`
}

function formatExpected(
  demo: Demo,
  entries: Entry[],
  { places }: Written,
  similarities: Map<object, number>,
): string {
  const pages = demo.pages.map((page) => {
    const lines = page.candidates.map((candidate) => {
      const { picture: _, ...rest } = candidate
      const similarity = similarities.get(candidate)
      const scored = similarity === undefined ? {} : { similarity: Number(similarity.toFixed(3)) }
      return `        ${JSON.stringify({ ...rest, ...scored })}`
    })
    const place = places.get(page.url)
    const facts = { url: page.url, warcOffset: place?.offset, warcLength: place?.length, imgs: page.imgs }
    return `    {\n      ${JSON.stringify(facts).slice(1, -1)},\n      "candidates": [\n${lines.join(',\n')}\n      ]\n    }`
  })
  const images = entries.flatMap((entry) => (entry.kind === 'response' ? [entry.response.url] : []))
  const facts = {
    preset: 'laion-5b',
    threshold: THRESHOLD,
    htmlPages: demo.pages.length,
    responses: demo.pages.length + images.length,
    badRecords: entries.filter(({ kind }) => kind === 'damage').length,
    imgs: demo.pages.reduce((sum, page) => sum + page.imgs, 0),
    outcomes: countOutcomes(demo),
    images,
  }
  const lines = Object.entries(facts).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  )
  return `{\n${lines.join(',\n')},\n  "pages": [\n${pages.join(',\n')}\n  ]\n}\n`
}

function countOutcomes(demo: Demo): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {}
  for (const { outcome } of demo.pages.flatMap(({ candidates }) => candidates)) {
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  return counts
}

function report(demo: Demo, files: Map<string, Buffer>, { warc, wat }: Written): void {
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, warc.length + wat.length)
  const candidates = demo.pages.reduce((sum, page) => sum + page.candidates.length, 0)
  console.log(
    `${demo.pages.length} pages, ${candidates} candidates, ${files.size} files, ${bytes} bytes in all`,
  )
  console.log(countOutcomes(demo))
}
