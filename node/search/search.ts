import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import type { Removal } from '../../protocol/records/removal.ts'
import type { Progress } from '../components.ts'
import { asHideable, type Hiding } from '../denied/denied.ts'
import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { parseCampaign } from '../parse-cid.ts'
import type { Row } from '../shard/shard.ts'
import { startEmbedder } from './embed-query.ts'
import { findHits, type Hit, type SearchRequest } from './find-hits.ts'
import { findSubject, type Meant } from './find-subject.ts'
import { keepIndex } from './keep-index.ts'
import { type OpenShard, readRows } from './read-rows.ts'
import { listReleased, type Released } from './released.ts'
import type { Place } from './search-worker.ts'
import { traceRow, type Whois } from './whois.ts'
import { keyOf } from './words.ts'

export type { Hit, SearchRequest } from './find-hits.ts'
export type { Step, Whois } from './whois.ts'

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
   * Look for rows of the shards that are on this machine. The index is brought to what is here first. What is hidden
   * is not shown.
   *
   * @throws ShoalError `search_model`, `search_image`, `search_text`, `search_hash`, `cid_invalid`
   */
  search(request: SearchRequest): Promise<SearchResult>
  /** Rows here that a removal means, those that it hides as well: for who has to decide on it. */
  meant(subject: Removal['subject'], limit: number): Promise<Meant[]>
  /** Where a pair comes from, verified step by step. @throws ShoalError `uid_invalid`, `uid_unknown` */
  whois(uid: string): Promise<Whois>
  /** how far the index is while it is brought to what is here, else null */
  progress(): Progress | null
  close(): Promise<void>
}

interface SearchOptions {
  dataDir: string
  threads: number
}

/** Milliseconds after which model and index are let go of. */
const IDLE_MS = 300_000

/** Search what is in a data directory; its index lies in `search/` there. Threads and models are opened when needed. */
export function startSearch(
  parts: { home: Home; ledger: Ledger; hiding: Hiding },
  options: SearchOptions,
): Search {
  const { home, ledger, hiding } = parts
  let released: Released = { entries: new Map(), replaced: new Set(), broken: [] }
  const openShard = readRows(home, () => released.entries)
  const readReleased = async () => (released = await listReleased(home))
  const notes: string[] = []
  const index = keepIndex(home, openShard, readReleased, {
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

  /** Where a word may be. Words that are not as they were written are made anew, once. */
  async function findKeys(key: number, shards: string[], limit: number): Promise<Place[]> {
    const what = { key, shards, limit }
    const { places, broken } = await index.ask('find', what)
    if (broken.length === 0) return places
    notes.push(`the index of ${broken.length} shards is not as Shoal wrote it: it is made anew`)
    await index.renew(broken)
    await catchUp()
    return (await index.ask('find', what)).places
  }

  const findPlaces = (word: string, shards: string[], limit: number) => findKeys(keyOf(word), shards, limit)

  async function look(request: SearchRequest): Promise<SearchResult> {
    const campaign = request.campaign === null ? null : parseCampaign(request.campaign).toString()
    demandValue(request)
    const asked = { ...request, campaign }
    const held = await catchUp()
    const { hits, faults } = await findHits(
      {
        ledger,
        hiding,
        openShard,
        index,
        findPlaces,
        embed: async (...of) => (await openEmbedder(asked.model)).embed(...of),
      },
      held,
      asked,
    )
    notes.push(...faults.map(({ message }) => message))
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
    const places = await findPlaces(uid, [...held.shards.keys()], 16)
    const found: { shard: OpenShard; row: number; cells: Row }[] = []
    for (const { manifest, row } of places) {
      const shard = await openShard(CID.parse(manifest))
      const cells = await shard.row(row)
      if (cells?.uid !== uid) continue
      const isHidden = await hiding.judge(shard.manifest.campaign)
      if (!isHidden(asHideable(cells))) found.push({ shard, row, cells })
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
    meant: (subject, limit) =>
      inTurn(async () => findSubject({ openShard, findPlaces: findKeys }, await catchUp(), subject, limit)),
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

/** @throws ShoalError `search_hash`, `search_empty` */
function demandValue({ kind, value }: SearchRequest): void {
  if (value.trim() === '') throw new ShoalError('search_empty', `nothing to look for: give --${kind} a value`)
  if (kind === 'hash' && !/^([0-9a-f]{32}|[0-9a-f]{64})$/i.test(value))
    throw new ShoalError(
      'search_hash',
      'a hash has 32 hex digits (md5, uid) or 64 (sha256, PDQ): give one of those',
    )
}
