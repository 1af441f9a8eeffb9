import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ShoalError } from '../../../protocol/errors.ts'
import { REASONS, SUBJECTS } from '../../../protocol/records/removal.ts'
import type { Log } from '../../log.ts'
import type { Asked, RequestState, Requests } from '../../requests/requests.ts'
import type { Search, SearchResult } from '../../search/search.ts'
import { readAssets } from './assets.ts'
import { collectedPage, foundPage, LOOKUPS, type Lookup } from './collected.ts'
import { html } from './html.ts'
import { layOutPage, PAGE_HEADERS } from './layout.ts'
import { makeLimiter } from './limiter.ts'
import { optoutPage } from './optout.ts'
import { statusPage } from './status.ts'

/** What people ask a gateway, who run no node. */
export interface People {
  requests: Pick<Requests, 'ask' | 'prove' | 'status' | 'receipt'>
  search: Search['search']
}

/** Hits that are shown. */
const MOST_HITS = 50
/** Look-ups at once: each waits for the index, and reads rows. */
const MAX_LOOKUPS = 8
/** Looks for proofs at once: each asks up to sixteen hosts, and waits for all of them. */
const MAX_PROVING = 8
/** Bytes of a form: sixteen addresses, each character of which may take three. */
const MAX_FORM_BYTES = 128 * 1024
const HOUR_MS = 3_600_000
/**
 * What one address may do in an hour: a person has some pages to look up, a few requests at most, and things in them.
 * Six addresses together use up what a node takes in an hour.
 */
const LIMITS = { lookups: 200, requests: 12, things: 50, proofs: 40 } as const

/** Of others this node is at fault. */
const STATUS: Readonly<Record<string, number>> = {
  ...{ request_subject: 400, request_many: 400, request_contact: 400, request_reason: 400 },
  ...{ request_unknown: 404, request_elsewhere: 404, request_offline: 503, request_campaigns: 503 },
  ...{ requests_full: 503, page_origin: 403, page_key: 403, page_limit: 429, page_busy: 503, page_form: 415 },
  ...{ page_empty: 400, search_hash: 400, search_empty: 400, search_text: 400 },
}

/** Put the pages for people beside a gateway's blocks. Nothing that is asked for is logged. */
export async function addPages(gateway: FastifyInstance, people: People, log: Log): Promise<void> {
  const assets = await readAssets()
  const may = {
    look: makeLimiter(LIMITS.lookups, HOUR_MS),
    ask: makeLimiter(LIMITS.requests, HOUR_MS),
    name: makeLimiter(LIMITS.things, HOUR_MS),
    prove: makeLimiter(LIMITS.proofs, HOUR_MS),
  }
  let lookups = 0
  let proving = 0

  await gateway.register(async (app) => {
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
      (_request, body, done) => done(null, new URLSearchParams(body as string)),
    )
    app.addHook('onRequest', async (_request, reply) => {
      // these are for people, not for other sites' scripts
      for (const name of Object.keys(reply.getHeaders()))
        if (name.startsWith('access-control-')) reply.removeHeader(name)
      reply.headers(PAGE_HEADERS)
    })
    app.setErrorHandler((error, request, reply) => {
      const { code = 'unexpected', message, statusCode } = error as ShoalError & { statusCode?: number }
      const status = STATUS[code] ?? (error instanceof ShoalError ? 500 : (statusCode ?? 500))
      if (status >= 500) log.warn({ code, page: request.routeOptions.url }, 'a page could not be shown')
      if (status === 429 || status === 503) reply.header('retry-after', '600')
      const said = status === 500 ? 'This node is at fault. Try again later, or ask another node.' : message
      return reply
        .code(status)
        .send(layOutPage('That did not work', html`<p class="note fault" role="alert">${said}</p>`))
    })

    for (const [url, { type, text }] of assets)
      app.get(url, (_request, reply) =>
        reply.headers({ 'content-type': type, 'cache-control': 'public, max-age=3600' }).send(text),
      )
    app.get('/', (_request, reply) => reply.send(homePage()))
    app.get('/collected', (_request, reply) => reply.send(collectedPage()))
    app.get('/optout', (_request, reply) => reply.send(optoutPage()))

    const formLimit = { bodyLimit: MAX_FORM_BYTES }
    app.post('/collected', formLimit, async (request, reply) => {
      const form = readForm(request)
      limit(may.look, request)
      if (lookups >= MAX_LOOKUPS)
        throw new ShoalError('page_busy', 'Many people look something up just now: try again in a minute.')
      lookups++
      try {
        const by = form.get('by') ?? ''
        const asked = {
          by: (Object.hasOwn(LOOKUPS, by) ? by : 'uid') as Lookup,
          value: form.get('value') ?? '',
        }
        return reply.send(foundPage(await find(people.search, form, asked), asked, MOST_HITS))
      } finally {
        lookups--
      }
    })

    app.post('/optout', formLimit, async (request, reply) => {
      const form = readForm(request)
      limit(may.ask, request)
      const asked = readAsked(form)
      limit(may.name, request, asked.length)
      const given = form.get('reason')
      const reason = REASONS.find((one) => one === given)
      if (!reason) throw new ShoalError('request_reason', 'Say why it is to be removed.')
      const contact = form.get('contact')?.trim() || null
      try {
        const { request: name, key } = await people.requests.ask({ asked, reason, contact })
        return reply.redirect(`/optout/status/${name}?key=${key}`, 303)
      } catch (error) {
        if (!(error instanceof ShoalError) || STATUS[error.code] !== 400) throw error
        const values = asked.map(({ value }) => value).join('\n')
        return reply
          .code(400)
          .send(optoutPage({ kind: asked[0]?.kind ?? 'url', values, reason }, error.message))
      }
    })

    app.get<OfRequest>('/optout/status/:name', async (request, reply) => {
      const state = veil(await people.requests.status(request.params.name), request.query.key)
      const isProgram = request.headers.accept?.startsWith('application/json')
      return isProgram
        ? reply.type('application/json; charset=utf-8').send(state)
        : reply.send(statusPage(state))
    })
    app.post<OfRequest>('/optout/status/:name', formLimit, async (request, reply) => {
      readForm(request)
      limit(may.prove, request)
      const { key } = await people.requests.status(request.params.name)
      if (key !== null && key !== request.query.key)
        throw new ShoalError('page_key', 'Open the page of your request by its whole address, with its key.')
      if (proving >= MAX_PROVING)
        throw new ShoalError('page_busy', 'Many people show what is theirs just now: try again in a minute.')
      proving++
      try {
        const { found, ...state } = await people.requests.prove(request.params.name)
        return reply.send(statusPage(state, found))
      } finally {
        proving--
      }
    })
    app.get<{ Params: { name: string } }>('/optout/receipt/:name', async (request, reply) => {
      const receipt = await people.requests.receipt(request.params.name)
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="shoal-receipt-${request.params.name}.json"`)
        .send(receipt)
    })
  })
}

interface OfRequest {
  Params: { name: string }
  Querystring: { key?: unknown }
}

/** A request's name is in public records: what was asked for, in words, is for who has its key alone. */
function veil(state: RequestState, key: unknown): RequestState {
  if (typeof key === 'string' && key === state.key) return state
  const subjects = state.subjects.map((subject) => ({ ...subject, value: null }))
  return { ...state, key: null, subjects, unproven: [] }
}

/** @throws ShoalError `page_origin` for a form of another site, `page_form` for no form */
function readForm({ headers, host, body }: FastifyRequest): URLSearchParams {
  if (URL.parse(headers.origin ?? '')?.host !== host)
    throw new ShoalError('page_origin', 'This form comes from another site: fill it in here.')
  if (body instanceof URLSearchParams) return body
  // a form without fields
  if (body === undefined || body === null) return new URLSearchParams()
  throw new ShoalError('page_form', 'This is no form.')
}

function limit(may: ReturnType<typeof makeLimiter>, { ip }: FastifyRequest, count = 1): void {
  if (!may(ip, count))
    throw new ShoalError('page_limit', 'That is more than one place may ask for in an hour: try again later.')
}

/** What the forms say is to be removed: `what` as `kind value`, or `values`, one a line, all of one kind. */
function readAsked(form: URLSearchParams): Asked[] {
  const kindOf = (text: string | null) => SUBJECTS.find((one) => one === text)
  const chosen = form.getAll('what').map((what) => {
    const [kind = '', ...rest] = what.split(' ')
    return { kind: kindOf(kind), value: rest.join(' ') }
  })
  const typed = (form.get('values') ?? '')
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '')
    .map((value) => ({ kind: kindOf(form.get('kind')), value }))
  return [...chosen, ...typed].map(({ kind, value }) => {
    if (kind) return { kind, value }
    throw new ShoalError('request_subject', 'Say what kind of thing is to be removed.')
  })
}

/** A picture is looked for by its file, and by what it shows. */
async function find(
  search: People['search'],
  form: URLSearchParams,
  asked: { by: Lookup; value: string },
): Promise<SearchResult> {
  const isPicture = form.get('by') === 'picture'
  if ((isPicture ? (form.get('sha256') ?? '') : asked.value).trim() === '')
    throw new ShoalError(
      'page_empty',
      `Say what to look for: ${isPicture ? 'choose a picture' : 'its name'}.`,
    )
  const ask = (kind: 'domain' | 'url' | 'hash', value: string) =>
    search({ kind, value: value.trim(), campaign: null, limit: MOST_HITS, model: null })
  if (!isPicture) return ask(LOOKUPS[asked.by].kind, asked.value)
  const found = await ask('hash', form.get('sha256') ?? '')
  const pdq = form.get('pdq') ?? ''
  if (pdq === '') return found
  const alike = await ask('hash', pdq)
  const hits = new Map([...found.hits, ...alike.hits].map((hit) => [hit.uid, hit]))
  return { ...found, hits: [...hits.values()].slice(0, MOST_HITS) }
}

function homePage(): string {
  return layOutPage(
    'A node of Shoal',
    html`<p>Volunteers collect addresses of pictures on the web, with the texts beside them, for research. Here you can</p>
<ul>
<li><a href="/collected">look whether something of yours was collected</a>, by whom and when,</li>
<li><a href="/optout">have it removed</a> from all nodes, without an account and without running anything.</li>
</ul>
<p>Programs get verifiable blocks and CAR files at <code>/ipfs/CID?format=raw</code> and <code>?format=car</code>.</p>`,
  )
}
