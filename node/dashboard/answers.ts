import type { FastifyInstance } from 'fastify'
import { ShoalError } from '../../protocol/errors.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { logFile } from '../paths.ts'
import { readLog } from '../read-log.ts'
import { changeLimits, type LimitChanges } from './change-limits.ts'
import { shareAnswers } from './share-answers.ts'

export interface AnswerOptions {
  dataDir: string
  /** keeps limits beyond this start; absent: nothing does */
  onLimits?: ((changes: LimitChanges) => Promise<void>) | undefined
}

type Query = Readonly<Record<string, string | string[] | undefined>>
type Asked = { Querystring: Query }

/** Of each unless another number is asked for, and at most. */
const CELLS = { usual: 1_000, most: 10_000 }
const SHARDS = { usual: 20, most: 200 }
const LINES = { usual: 100, most: 1_000 }
const HITS = { usual: 20, most: 50 }
/** Peers whose standing is told: those with offences and those with most verified shards come first. */
const MAX_STANDINGS = 1_000
/** Peers whose credit is told. */
const MAX_CREDITS = 5_000
/** Searches at once: each may wait for the index and a model. */
const MAX_SEARCHES = 4
/** Characters that are looked for. */
const MAX_TEXT = 1_000
/** pino's, for `info`: below it are words of strangers. */
const INFO = 30

/** Answer what the page asks, with JSON. */
export function addAnswers(app: FastifyInstance, daemon: Daemon, { dataDir, onLimits }: AnswerOptions): void {
  const share = shareAnswers()
  let searches = 0

  app.get<Asked>('/api/history', async ({ query }) => daemon.history(textOf(query, 'span') ?? 'hour'))
  app.get<Asked>('/api/map', ({ query }) => {
    const campaign = textOf(query, 'campaign') ?? ''
    const cells = numberOf(query, 'cells', CELLS)
    return share(`map ${campaign} ${cells}`, async () => daemon.map({ campaign, cells }))
  })
  app.get('/api/peers', () => daemon.peers())
  app.get('/api/standings', () =>
    share('standings', async () => (await daemon.standings(null)).slice(0, MAX_STANDINGS)),
  )
  app.get<Asked>('/api/credits', ({ query }) => {
    const campaign = textOf(query, 'campaign')
    return share(`credits ${campaign}`, async () => (await daemon.credits(campaign)).slice(0, MAX_CREDITS))
  })
  app.get<Asked>('/api/shards', ({ query }) => {
    const lines = numberOf(query, 'lines', SHARDS)
    return share(`shards ${lines}`, () => daemon.newest(lines))
  })
  app.get('/api/samples', () => daemon.samples())
  app.get<{ Params: { name: string } }>('/api/samples/:name', async ({ params }, reply) => {
    const [, id] = /^([\da-f]{16})\.jpg$/.exec(params.name) ?? []
    const picture = id === undefined ? null : await daemon.samplePicture(id)
    if (picture === null)
      throw new ShoalError('sample_unknown', 'this picture is not here any more, or is not to be shown')
    return reply.type('image/jpeg').send(picture)
  })
  app.get<Asked>('/api/search', async ({ query }) => {
    const asked = readSearch(query)
    if (searches >= MAX_SEARCHES)
      throw new ShoalError('dashboard_busy', 'other searches are under way: try again in a moment')
    searches++
    try {
      const limit = numberOf(query, 'limit', HITS)
      return await daemon.search({ ...asked, limit, campaign: textOf(query, 'campaign'), model: null })
    } finally {
      searches--
    }
  })
  app.get<Asked>('/api/log', async ({ query }) => {
    const lines = await Array.fromAsync(readLog(logFile(dataDir), numberOf(query, 'lines', LINES)))
    return lines.flatMap(readEntry)
  })
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await daemon.metrics()
    return reply.type(type).send(text)
  })

  app.post('/api/pause', async () => {
    daemon.pause()
    return { done: 'pause' }
  })
  app.post('/api/resume', async () => {
    daemon.resume()
    return { done: 'resume' }
  })
  app.post('/api/limits', ({ body }) => changeLimits(daemon, body, onLimits ?? null))
}

function textOf(query: Query, name: string): string | null {
  const text = query[name]
  if (text === undefined) return null
  if (typeof text === 'string' && text.length <= MAX_TEXT) return text
  throw new ShoalError('dashboard_query', `${name}: one, of at most ${MAX_TEXT} characters`)
}

function numberOf(query: Query, name: string, { usual, most }: { usual: number; most: number }): number {
  const text = textOf(query, name)
  const number = text === null ? usual : Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new ShoalError('dashboard_query', `${name}: a number from 1 to ${most}`)
}

/** By words, by host, or by the uid of a pair; files and addresses of pictures are for the command line. */
function readSearch(query: Query): { kind: 'text' | 'domain' | 'hash'; value: string } {
  const kinds = { text: 'text', domain: 'domain', uid: 'hash' } as const
  for (const [name, kind] of Object.entries(kinds)) {
    const value = textOf(query, name)?.trim()
    if (value) return { kind, value }
  }
  throw new ShoalError('search_empty', 'say what to look for: words, a domain or a uid')
}

function readEntry(line: string): object[] {
  try {
    const entry = JSON.parse(line)
    return typeof entry === 'object' && entry !== null && entry.level >= INFO ? [entry] : []
  } catch {
    // it was cut short
    return []
  }
}
