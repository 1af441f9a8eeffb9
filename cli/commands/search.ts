import { resolve } from 'node:path'
import type { Hit, SearchRequest } from '../../node/search/search.ts'
import type { Context } from '../declarations.ts'
import { formatCount, formatThings } from '../numbers.ts'
import type { Output } from '../output.ts'
import { UsageError } from '../parse.ts'
import { manageSearch } from '../search.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

const KINDS = ['text', 'image', 'url', 'domain', 'hash'] as const
/** Hits that are shown unless --limit says otherwise. */
const LIMIT = 10
/** Shards that could not be looked in, of which the reasons are told. */
const MOST = 3

export async function run(context: Context): Promise<void> {
  const { options, output } = context
  const request = readRequest(context)
  const result = await manageSearch(context, 'search', request)
  const { hits, shards, rows, skipped, notes } = result
  for (const note of notes) warn(note)
  for (const { manifest, reason } of skipped.slice(0, MOST)) warn(`${manifest} was passed over: ${reason}`)
  if (skipped.length > MOST)
    warn(`${formatThings(skipped.length - MOST, 'shard')} more could not be looked in`)
  const models = new Set(hits.map(({ model }) => model))
  let last: string | null = null
  for (const hit of hits) {
    if (models.size > 1 && hit.model !== last) output.heading(shorten(`by ${hit.model}`, 80))
    last = hit.model
    showHit(output, hit)
  }
  output.print(
    `${hits.length === 0 ? 'Nothing' : formatThings(hits.length, 'pair')} in ${formatThings(shards, 'shard')} with ${formatCount(rows)} pairs`,
  )
  if (hits[0]) {
    output.print(`Where one comes from: ${suggest(`whois ${hits[0].uid}`, options.data)}`)
    output.print(`To have one removed: ${suggest(`optout --uid ${hits[0].uid}`, options.data)}`)
  } else if (shards === 0)
    output.print(`No shards are here to search: ${suggest('fetch CID', options.data)} gets some`)
  output.emit(result)
}

function readRequest({ options }: Context): SearchRequest {
  const given = KINDS.filter((kind) => options[kind] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1)
    throw new UsageError(`search needs one of ${KINDS.map((each) => `--${each}`).join(', ')}`)
  const value = options[kind]!
  return {
    ...{ kind, value: kind === 'image' ? resolve(value) : value },
    ...{ campaign: options.campaign ?? null, limit: options.limit ?? LIMIT },
    model: options.model ?? null,
  }
}

function showHit(output: Output, hit: Hit): void {
  const { score, match, text, url, page, producer, manifest, row, state, also, uid, fetchedAt, signals } = hit
  output.heading(`${score === null ? (match ?? '') : score.toFixed(3)}  ${shorten(text, 70)}`.trim())
  output.print(`  ${shorten(url, 78)}`)
  output.print(`  on ${shorten(page, 75)}`)
  const day = fetchedAt === null ? '' : ` on ${new Date(fetchedAt).toISOString().slice(0, 10)}`
  output.print(`  by ${producer}${day}`)
  if (signals.length > 0) output.print(`  signals: ${shorten(signals.join('; '), 69)}`)
  output.print(`  ${manifest}`)
  const others = also.length === 0 ? '' : `, and in ${formatThings(also.length, 'shard')} more`
  output.print(`  row ${formatCount(row)}, ${state}${others}; uid ${uid}`)
  output.print()
}

/** To stderr: it is no result. */
function warn(note: string): void {
  process.stderr.write(`note: ${note}\n`)
}
