import { ShoalError } from '../../protocol/errors.ts'
import { TAGS } from '../../protocol/rules/tags.ts'
import type { ExportFilters } from '../components.ts'
import type { Row } from '../shard/shard.ts'

/** Columns of `pairs.parquet` that each filter looks at. */
const NEEDS: Readonly<Record<keyof ExportFilters, string>> = {
  minSimilarity: 'similarity',
  maxSimilarity: 'similarity',
  languages: 'language',
  minWidth: 'width',
  minHeight: 'height',
  license: 'license',
  domains: 'url',
  tagged: 'tags',
  untagged: 'tags',
  maxNsfw: 'nsfw',
  maxFaces: 'faces',
}

export interface RowFilter {
  /** columns of `pairs.parquet` that it looks at */
  columns: string[]
  passes(row: Row): boolean
}

/** Filters in the form that rows are compared with. @throws ShoalError `export_filter` for what can't be meant */
export function checkFilters(filters: ExportFilters): ExportFilters {
  const { minSimilarity = -1, maxSimilarity = 1, languages, license, domains } = filters
  const refuse = (reason: string) => new ShoalError('export_filter', reason)
  if (!(minSimilarity <= maxSimilarity))
    throw refuse(`no pair has a similarity of ${minSimilarity} at least and ${maxSimilarity} at most`)
  for (const code of languages ?? [])
    if (!/^[a-z]{2,3}$/.test(code))
      throw refuse(`${JSON.stringify(code)} is no code of a language: write en, or en,de`)
  const unknown = [...(filters.tagged ?? []), ...(filters.untagged ?? [])].find(
    (tag) => !TAGS.some((one) => one === tag),
  )
  if (unknown !== undefined) throw refuse(`${JSON.stringify(unknown)} is no tag: take ${TAGS.join(', ')}`)
  if (license?.trim() === '') throw refuse("name a part of the licence's address, or any")
  return {
    ...filters,
    license: license?.trim().toLowerCase(),
    domains: domains?.map((domain) => {
      const host = hostOf(`http://${domain}/`)
      if (host !== null && /^[^/@:?#\s]+$/.test(domain)) return host
      throw refuse(`${JSON.stringify(domain)} is no host: write example.org`)
    }),
  }
}

/** @param filters - as `checkFilters` gives them */
export function makeFilter(filters: ExportFilters): RowFilter {
  const { minSimilarity, maxSimilarity, languages, minWidth, minHeight, license, domains } = filters
  const { tagged, untagged, maxNsfw, maxFaces } = filters
  const tests: ((row: Row) => boolean)[] = []
  if (minSimilarity !== undefined) tests.push((row) => (row.similarity as number) >= minSimilarity)
  if (maxSimilarity !== undefined) tests.push((row) => (row.similarity as number) <= maxSimilarity)
  if (minWidth !== undefined) tests.push((row) => (row.width as number) >= minWidth)
  if (minHeight !== undefined) tests.push((row) => (row.height as number) >= minHeight)
  if (languages) {
    const wanted = new Set<unknown>(languages)
    tests.push((row) => wanted.has(row.language))
  }
  if (license !== undefined)
    tests.push(({ license: found }) =>
      license === 'any'
        ? typeof found === 'string'
        : typeof found === 'string' && found.toLowerCase().includes(license),
    )
  if (domains) tests.push((row) => isBelow(domains, hostOf(row.url as string)))
  if (tagged) tests.push((row) => (row.tags as string[]).some((tag) => tagged.includes(tag)))
  if (untagged) tests.push((row) => !(row.tags as string[]).some((tag) => untagged.includes(tag)))
  if (maxNsfw !== undefined) tests.push(({ nsfw }) => typeof nsfw === 'number' && nsfw <= maxNsfw)
  if (maxFaces !== undefined) tests.push(({ faces }) => typeof faces === 'number' && faces <= maxFaces)
  const columns = namesOf(filters).map((name) => NEEDS[name])
  return { columns: [...new Set(columns)], passes: (row) => tests.every((test) => test(row)) }
}

/** For people. */
export function describeFilters(filters: ExportFilters): string[] {
  const { minSimilarity, maxSimilarity, languages, minWidth, minHeight, license, domains } = filters
  const { tagged, untagged, maxNsfw, maxFaces } = filters
  return [
    ...(minSimilarity === undefined ? [] : [`similarity at least ${minSimilarity}`]),
    ...(maxSimilarity === undefined ? [] : [`similarity at most ${maxSimilarity}`]),
    ...(languages === undefined ? [] : [`language ${languages.join(' or ')}`]),
    ...(minWidth === undefined ? [] : [`width at least ${minWidth} pixels`]),
    ...(minHeight === undefined ? [] : [`height at least ${minHeight} pixels`]),
    ...(license === undefined
      ? []
      : [license === 'any' ? 'any licence told' : `a licence whose address contains "${license}"`]),
    ...(domains === undefined ? [] : [`images of ${domains.join(' or ')}, subdomains included`]),
    ...(tagged === undefined ? [] : [`tagged ${tagged.join(' or ')}`]),
    ...(untagged === undefined ? [] : [`not tagged ${untagged.join(' or ')}`]),
    ...(maxNsfw === undefined ? [] : [`nsfw at most ${maxNsfw}, and known`]),
    ...(maxFaces === undefined ? [] : [`faces at most ${maxFaces}, and counted`]),
  ]
}

function namesOf(filters: ExportFilters): (keyof ExportFilters)[] {
  return (Object.keys(NEEDS) as (keyof ExportFilters)[]).filter((name) => filters[name] !== undefined)
}

function isBelow(domains: readonly string[], host: string | null): boolean {
  return host !== null && domains.some((domain) => host === domain || host.endsWith(`.${domain}`))
}

/** In lower case and Punycode, without the dot that ends a name's full form. */
function hostOf(address: string): string | null {
  return URL.parse(address)?.hostname.replace(/\.$/, '') || null
}
