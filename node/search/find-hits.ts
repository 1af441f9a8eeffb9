import { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { PDQ_NEAR } from '../../protocol/limits.ts'
import { asHideable, type Hiding } from '../denied/denied.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Row } from '../shard/shard.ts'
import type { Query, startEmbedder } from './embed-query.ts'
import type { Holdings, keepIndex } from './keep-index.ts'
import type { OpenShard } from './read-rows.ts'
import type { Place } from './search-worker.ts'
import { findState, type ShownState } from './state.ts'
import { matchOf, wordOf } from './words.ts'

export interface SearchRequest {
  /** `image` is a file's path; `hash` is in hex: of an image's sha256, md5 or PDQ, a row's uid, or md5 of url and text */
  kind: 'text' | 'image' | 'url' | 'domain' | 'hash'
  value: string
  /** CID of the only campaign that is looked in, or null */
  campaign: string | null
  limit: number
  /** a directory that has the model, where neither the cache nor the program has it; or null */
  model: string | null
}

/** A row that was found. */
export interface Hit {
  uid: string
  /** cosine to what was looked for, or null where a row either is it or not */
  score: number | null
  /** the column that is what was looked for, or null; `pdq ~12`: its PDQ is 12 bits away */
  match: string | null
  text: string
  url: string
  page: string
  /** of image and text */
  similarity: number
  language: string | null
  license: string | null
  sha256: string
  /** when the image was fetched, milliseconds since 1970; null where an index of long ago lacks it */
  fetchedAt: number | null
  /** opt-out signals that were seen then, on page, image and site */
  signals: string[]
  campaign: string
  segment: number
  producer: string
  /** CID, and the row of its `pairs.parquet`, from 0 */
  manifest: string
  row: number
  state: ShownState
  /** shards besides that hold the same pair */
  also: string[]
  /** what embedded it: scores of different models can't be compared */
  model: string | null
}

/** Neighbours that are asked for at first, and at most where too few of them may be shown. */
const LEAST_NEAR = 64
const MOST_NEAR = 65_536
/** Rows of one shard that are looked at for one word: a domain may be all of a shard. */
const MAX_PLACES = 10_000

export interface FindParts {
  ledger: Ledger
  hiding: Hiding
  openShard: (cid: CID) => Promise<OpenShard>
  index: ReturnType<typeof keepIndex>
  findPlaces: (word: string, shards: string[], limit: number) => Promise<Place[]>
  embed: ReturnType<typeof startEmbedder>['embed']
}

/**
 * Find rows and read them, until there are enough that may be shown.
 *
 * @returns `faults`: why some models could not be asked
 * @throws ShoalError `search_image`, `search_text`; what no model could be asked for
 */
export async function findHits(
  parts: FindParts,
  held: Holdings,
  asked: SearchRequest,
): Promise<{ hits: Hit[]; faults: ShoalError[] }> {
  const { kind } = asked
  if (kind === 'text' || kind === 'image') return findAlike(parts, held, { ...asked, kind })
  return { hits: await findWords(parts, held, { ...asked, kind }), faults: [] }
}

async function findAlike(
  parts: FindParts,
  held: Holdings,
  asked: SearchRequest & { kind: 'text' | 'image' },
): Promise<{ hits: Hit[]; faults: ShoalError[] }> {
  const hits: Hit[] = []
  const faults: ShoalError[] = []
  const names = new Set(shardsOf(held, asked).flatMap(({ job }) => job.model ?? []))
  for (const name of names) {
    const model = held.models.get(name)!
    try {
      const query = await parts.embed(asked, name, model)
      for (const hit of await findNear(parts, held, asked, name, query))
        hits.push({ ...hit, model: model.repo })
    } catch (error) {
      if (!(error instanceof ShoalError) || PERSONAL.includes(error.code)) throw error
      faults.push(error)
    }
  }
  if (faults.length > 0 && faults.length === names.size) throw faults[0]
  return { hits, faults }
}

/** What is wrong whichever model is asked. */
const PERSONAL: readonly string[] = ['search_image', 'search_text', 'search_closed']

async function findNear(
  parts: FindParts,
  held: Holdings,
  asked: SearchRequest,
  name: string,
  { vector, sha256 }: Query,
): Promise<Hit[]> {
  const one = held.indexes.find((each) => each.model === name && each.dimension === vector.length)
  const gathered = gather(parts, held, asked)
  for (let count = Math.max(LEAST_NEAR, 2 * asked.limit); one; count *= 4) {
    for (const { manifest, row, score } of await parts.index.ask('near', { name: one.name, vector, count })) {
      if (gathered.isFull()) break
      await gathered.add({ manifest, row }, (cells) => ({
        score,
        match: sha256 !== null && cells.sha256 === sha256 ? 'sha256' : null,
      }))
    }
    if (gathered.isFull() || count >= one.rows || count >= MOST_NEAR) break
  }
  return gathered.hits()
}

async function findWords(
  parts: FindParts,
  held: Holdings,
  asked: SearchRequest & { kind: 'url' | 'domain' | 'hash' },
): Promise<Hit[]> {
  const shards = shardsOf(held, asked).map(({ manifest }) => manifest)
  const word = wordOf(asked)
  const gathered = gather(parts, held, asked)
  const asMatch = (match: string | null) => (match === null ? null : { score: null, match })
  for (const place of await parts.findPlaces(word, shards, MAX_PLACES)) {
    if (gathered.isFull()) break
    await gathered.add(place, (row) => asMatch(matchOf(row, asked)))
  }
  if (asked.kind !== 'hash' || word.length !== 64) return gathered.hits()
  const { places } = await parts.index.ask('alike', { pdq: Buffer.from(word, 'hex'), shards, most: PDQ_NEAR })
  for (const place of places.sort((a, b) => a.bits! - b.bits!)) {
    if (gathered.isFull()) break
    await gathered.add(place, () => asMatch(`pdq ~${place.bits}`))
  }
  return gathered.hits()
}

function shardsOf({ shards }: Holdings, { campaign }: SearchRequest) {
  return [...shards.values()].filter((one) => campaign === null || one.campaign === campaign)
}

/** Reads rows and takes those that may be shown, a pair once. */
function gather(
  { index, openShard, ledger, hiding }: FindParts,
  held: Holdings,
  { campaign, limit }: SearchRequest,
) {
  const hits = new Map<string, Hit>()
  const looked = new Set<string>()

  async function read(
    { manifest, row: number }: Place,
    rows: number,
  ): Promise<{ shard: OpenShard; row: Row | null }> {
    const shard = await openShard(CID.parse(manifest))
    const copy = await index.copy(manifest, number, rows)
    if (copy === null) await index.renew([manifest])
    return { shard, row: copy ?? (await shard.row(number)) }
  }

  return {
    hits: () => [...hits.values()],
    isFull: () => hits.size >= limit,
    async add(place: Place, judge: (row: Row) => Pick<Hit, 'score' | 'match'> | null): Promise<void> {
      const { manifest, row: number } = place
      const one = held.shards.get(manifest)
      if (!one || looked.has(`${manifest} ${number}`) || (campaign !== null && one.campaign !== campaign))
        return
      looked.add(`${manifest} ${number}`)
      try {
        const { shard, row } = await read(place, one.rows)
        const judged = row && judge(row)
        if (!row || !judged) return
        const isHidden = await hiding.judge(shard.manifest.campaign)
        if (isHidden(asHideable(row))) return
        const other = hits.get(row.uid as string)
        if (other) other.also.push(shard.cid.toString())
        else hits.set(row.uid as string, { ...(await describe(ledger, shard, row, number)), ...judged })
      } catch (error) {
        if (!(error instanceof ShoalError) || error.code === 'search_closed') throw error
        // it was there when the index was brought to what is here
        held.shards.delete(manifest)
        held.skipped.push({ manifest, reason: error.message })
      }
    },
  }
}

async function describe(
  ledger: Ledger,
  { cid, manifest, record, recordId, producer }: OpenShard,
  row: Row,
  number: number,
): Promise<Omit<Hit, 'score' | 'match'>> {
  const { uid, text, url, similarity, language, license, sha256, page_url: page, fetched_at: at } = row
  return {
    ...({ uid, text, url, page, similarity, language, license, sha256 } as unknown as Hit),
    // a copy has it as text
    fetchedAt: at === undefined ? null : new Date(at as Date | string).getTime(),
    signals: (row.signals as string[] | undefined) ?? [],
    ...{ campaign: manifest.campaign.toString(), segment: record.segment, producer },
    ...{ manifest: cid.toString(), row: number, also: [], model: null },
    state: await findState(ledger, manifest.campaign, recordId),
  }
}
