import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { PDQ_NEAR } from '../../protocol/limits.ts'
import type { RemovableRow } from '../../protocol/rules/remove.ts'
import type { Progress } from '../components.ts'
import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { parseCampaign } from '../parse-cid.ts'
import type { Row } from '../shard/shard.ts'
import { startEmbedder } from './embed-query.ts'
import { type Holdings, keepIndex } from './keep-index.ts'
import { type OpenShard, readRows } from './read-rows.ts'
import { readRemoved } from './removed.ts'
import type { Place } from './search-worker.ts'
import { findState, type ShownState } from './state.ts'
import { traceRow, type Whois } from './whois.ts'
import { keyOf, matchOf, wordOf } from './words.ts'

export type { Step, Whois } from './whois.ts'

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

export interface SearchResult {
  /** the best first; with several models those of each one together */
  hits: Hit[]
  /** what was looked in */
  shards: number
  rows: number
  /** shards that are here and could not be looked in */
  skipped: { manifest: string; reason: string }[]
  /** what the owner should know of the index */
  notes: string[]
}

export interface Search {
  /**
   * Look for rows of the shards that are on this machine. The index is brought to what is here first. What is removed
   * is not shown.
   *
   * @throws ShoalError `search_model`, `search_image`, `search_text`, `search_hash`, `cid_invalid`
   */
  search(request: SearchRequest): Promise<SearchResult>
  /** Where a pair comes from, verified step by step. @throws ShoalError `uid_invalid`, `uid_unknown` */
  whois(uid: string): Promise<Whois>
  /** how far the index is while it is brought to what is here, else null */
  progress(): Progress | null
  close(): Promise<void>
}

interface SearchOptions {
  dataDir: string
  threads: number
  clock: () => number
}

/** Neighbours that are asked for at first, and at most where too few of them may be shown. */
const LEAST_NEAR = 64
const MOST_NEAR = 65_536
/** Rows of one shard that are looked at for one word: a domain may be all of a shard. */
const MAX_PLACES = 10_000
/** Milliseconds after which model and index are let go of. */
const IDLE_MS = 300_000

/** Search what is in a data directory; its index lies in `search/` there. Threads and models are opened when needed. */
export function startSearch(parts: { home: Home; ledger: Ledger }, options: SearchOptions): Search {
  const { home, ledger } = parts
  const openShard = readRows(home)
  const removedAt = readRemoved(home.store)
  const notes: string[] = []
  const index = keepIndex(home, openShard, {
    ...{ dir: join(options.dataDir, 'search'), threads: options.threads, tell: (note) => notes.push(note) },
  })
  let embedder: { model: string | null; open: ReturnType<typeof startEmbedder> } | null = null
  let progress: Progress | null = null
  let turn: Promise<unknown> = Promise.resolve()
  let idle: NodeJS.Timeout | undefined

  /** One after the other: they share the index and the model. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(idle)
    const mine = turn.then(work).finally(() => {
      progress = null
      clearTimeout(idle)
      idle = setTimeout(() => void inTurn(release).then(() => clearTimeout(idle)), IDLE_MS).unref()
    })
    turn = mine.catch(() => {})
    return mine
  }

  async function release(): Promise<void> {
    await Promise.all([embedder?.open.close(), index.close()])
    embedder = null
  }

  const catchUp = () => index.catchUp((now) => (progress = now))

  async function openEmbedder(model: string | null) {
    if (embedder?.model !== model) await embedder?.open.close()
    if (embedder?.model !== model) embedder = null
    embedder ??= { model, open: startEmbedder({ ...options, model }) }
    return embedder.open
  }

  /** Reads rows until there are enough that may be shown. */
  function gather(held: Holdings, request: SearchRequest, isRemoved: (row: RemovableRow) => boolean) {
    const hits = new Map<string, Hit>()
    const looked = new Set<string>()
    return {
      hits,
      async add(
        { manifest, row: number }: Place,
        judge: (row: Row) => Pick<Hit, 'score' | 'match'> | null,
        model: string | null,
      ): Promise<void> {
        const shard = held.shards.get(manifest)
        const place = `${manifest} ${number}`
        if (!shard || looked.has(place) || (request.campaign !== null && shard.campaign !== request.campaign))
          return
        looked.add(place)
        const open = await openShard(CID.parse(manifest))
        const copy = await index.copy(manifest, number, shard.rows)
        if (copy === null) await index.renew([manifest])
        const row = copy ?? (await open.row(number))
        const judged = row && judge(row)
        if (!row || !judged || isRemoved(row as unknown as RemovableRow)) return
        const other = hits.get(row.uid as string)
        if (other) other.also.push(manifest)
        else hits.set(row.uid as string, { ...(await describe(open, row, number)), ...judged, model })
      },
    }
  }

  async function describe(
    { cid, manifest, record, recordId, producer }: OpenShard,
    row: Row,
    number: number,
  ): Promise<Omit<Hit, 'score' | 'match' | 'model'>> {
    const cells = row as Record<string, never>
    const { uid, text, url, similarity, language, license, sha256, page_url: page } = cells
    return {
      ...({ uid, text, url, page, similarity, language, license, sha256 } as unknown as Hit),
      ...{ campaign: manifest.campaign.toString(), segment: record.segment, producer },
      ...{ manifest: cid.toString(), row: number, also: [] },
      state: await findState(ledger, manifest.campaign, recordId),
    }
  }

  /** Where a word may be. Words that are not as they were written are made anew, once. */
  async function findPlaces(word: string, shards: string[], limit: number): Promise<Place[]> {
    const what = { key: keyOf(word), shards, limit }
    const { places, broken } = await index.ask('find', what)
    if (broken.length === 0) return places
    notes.push(`the index of ${broken.length} shards is not as Shoal wrote it: it is made anew`)
    await index.renew(broken)
    await catchUp()
    return (await index.ask('find', what)).places
  }

  async function searchVectors(
    held: Holdings,
    request: SearchRequest & { kind: 'text' | 'image' },
    gathering: () => ReturnType<typeof gather>,
  ): Promise<Hit[]> {
    const found: Hit[] = []
    const faults: ShoalError[] = []
    const names = new Set(
      Array.from(held.shards.values(), ({ campaign, job }) =>
        request.campaign === null || campaign === request.campaign ? job.model : null,
      ).filter((name) => name !== null),
    )
    for (const name of names) {
      const model = held.models.get(name)!
      try {
        const { vector, sha256 } = await (await openEmbedder(request.model)).embed(request, name, model)
        const one = held.indexes.find((each) => each.model === name && each.dimension === vector.length)
        if (!one) continue
        const gathered = gathering()
        for (let count = Math.max(LEAST_NEAR, 2 * request.limit); ; count *= 4) {
          const near = await index.ask('near', { name: one.name, vector, count })
          for (const { manifest, row, score } of near) {
            if (gathered.hits.size >= request.limit) break
            const match = (cells: Row) => (sha256 !== null && cells.sha256 === sha256 ? 'sha256' : null)
            await gathered.add({ manifest, row }, (cells) => ({ score, match: match(cells) }), model.repo)
          }
          if (gathered.hits.size >= request.limit || near.length < count || count >= MOST_NEAR) break
        }
        found.push(...gathered.hits.values())
      } catch (error) {
        if (!(error instanceof ShoalError) || error.code === 'search_image' || error.code === 'search_text')
          throw error
        faults.push(error)
      }
    }
    if (faults.length > 0 && faults.length === names.size) throw faults[0]
    notes.push(...faults.map(({ message }) => message))
    return found
  }

  async function searchWords(
    held: Holdings,
    request: SearchRequest & { kind: 'url' | 'domain' | 'hash' },
    gathered: ReturnType<typeof gather>,
  ): Promise<Hit[]> {
    const shards = [...held.shards.values()]
      .filter(({ campaign }) => request.campaign === null || campaign === request.campaign)
      .map(({ manifest }) => manifest)
    const word = wordOf(request)
    for (const place of await findPlaces(word, shards, MAX_PLACES)) {
      if (gathered.hits.size >= request.limit) break
      await gathered.add(place, (row) => asMatch(matchOf(row, request)), null)
    }
    if (request.kind === 'hash' && word.length === 64) {
      const pdq = Buffer.from(word, 'hex')
      const alike = await index.ask('alike', { pdq, shards, most: PDQ_NEAR })
      for (const place of alike.places.sort((a, b) => a.bits! - b.bits!)) {
        if (gathered.hits.size >= request.limit) break
        await gathered.add(place, () => asMatch(`pdq ~${place.bits}`), null)
      }
    }
    return [...gathered.hits.values()]
  }

  async function look(request: SearchRequest): Promise<SearchResult> {
    const campaign = request.campaign === null ? null : parseCampaign(request.campaign).toString()
    demandValue(request)
    const asked = { ...request, campaign }
    const held = await catchUp()
    const isRemoved = await removedAt(options.clock())
    const begin = () => gather(held, asked, isRemoved)
    const { kind } = asked
    const hits =
      kind === 'text' || kind === 'image'
        ? await searchVectors(held, { ...asked, kind }, begin)
        : await searchWords(held, { ...asked, kind }, begin())
    const shards = [...held.shards.values()].filter((one) => campaign === null || one.campaign === campaign)
    return {
      ...{ hits, shards: shards.length, rows: shards.reduce((sum, { rows }) => sum + rows, 0) },
      ...{ skipped: held.skipped, notes: notes.splice(0) },
    }
  }

  async function whois(uid: string): Promise<Whois> {
    if (!/^[0-9a-f]{32}$/.test(uid))
      throw new ShoalError(
        'uid_invalid',
        `${JSON.stringify(uid.slice(0, 80))} is no uid: it has 32 hex digits`,
      )
    const held = await catchUp()
    const isRemoved = await removedAt(options.clock())
    const places = await findPlaces(uid, [...held.shards.keys()], 16)
    const found: { shard: OpenShard; row: number; cells: Row }[] = []
    for (const { manifest, row } of places) {
      const shard = await openShard(CID.parse(manifest))
      const cells = await shard.row(row)
      if (cells?.uid === uid && !isRemoved(cells as unknown as RemovableRow))
        found.push({ shard, row, cells })
    }
    const [first, ...others] = found
    if (!first)
      throw new ShoalError(
        'uid_unknown',
        `no pair ${uid} is in the shards here: \`shoal search\` finds those that are, \`shoal fetch\` gets others`,
      )
    return {
      ...(await traceRow(parts, { uid, ...first })),
      also: others.map(({ shard, row }) => ({ manifest: shard.cid.toString(), row })),
    }
  }

  return {
    search: (request) => inTurn(() => look(request)),
    whois: (uid) => inTurn(() => whois(uid)),
    progress: () => progress,
    async close() {
      // what is under way is given up: the index stays as it was saved last
      await index.close('for good')
      await turn
      clearTimeout(idle)
      await release()
    },
  }
}

const asMatch = (match: string | null) => (match === null ? null : { score: null, match })

/** @throws ShoalError `search_hash`, `search_empty` */
function demandValue({ kind, value }: SearchRequest): void {
  if (value.trim() === '') throw new ShoalError('search_empty', `nothing to look for: give --${kind} a value`)
  if (kind === 'hash' && !/^([0-9a-f]{32}|[0-9a-f]{64})$/i.test(value))
    throw new ShoalError(
      'search_hash',
      'a hash has 32 hex digits (md5, uid) or 64 (sha256, PDQ): give one of those',
    )
}
