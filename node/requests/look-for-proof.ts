import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { Proof } from '../../protocol/records/receipt.ts'
import type { Images, Web } from '../components.ts'
import { type ImagesOptions, startImages } from '../images/images.ts'
import { failure, isUnlisted } from '../web/web.ts'
import { readWellKnown } from './read-well-known.ts'
import type { ResolveTxt } from './resolve-txt.ts'

/** How this node looks for proofs that somebody is in charge of a host. */
export interface Prover {
  web: Web
  userAgent: string
  /** null: name servers are not asked */
  resolveTxt: ResolveTxt | null
  /** in place of those of the crawl, where the web is on this machine */
  asks?: Pick<ImagesOptions, 'limits' | 'politeness'> | undefined
}

/** What was found at a host. */
export interface Evidence {
  /** `none` where nothing proves the request */
  proof: Proof
  /** what each way to prove it has come to, in words */
  said: { dns: string; wellKnown: string; recheck: string }
}

/** Milliseconds that a site has to say what it refuses: somebody waits for it at a page. */
const RECHECK_MS = 40_000
/** Bytes of a picture: it is its headers that refuse, and what follows them is not looked at. */
const MAX_PICTURE_BYTES = 64 * 1024
/** Outcomes by which a site refuses, and those by which a picture's own answer does. */
const SITE_REFUSES: readonly string[] = ['optout_robots', 'optout_site']
const PICTURE_REFUSES: readonly string[] = [...SITE_REFUSES, 'optout_image']

/** What a host has to say of a request, in a TXT record or a line of a file. */
export function tokenOf(request: string): string {
  return `shoal-removal=${request}`
}

/**
 * Look whether hosts prove a request: in the DNS, in their well-known files, and by what they refuse now. All of it goes
 * through the guarded way out, so that a request can't make this node ask what is not public; and a host is asked for
 * its record and files once, however many pictures of it are to be removed, and as slowly as the crawl asks.
 *
 * @param wanted - each with the address of the picture that is to be removed, or null for the whole host
 * @returns what was found for each
 */
export async function lookForProofs(
  wanted: readonly { host: string; address: string | null }[],
  request: string,
  prover: Prover,
): Promise<Evidence[]> {
  const hosts = new Map(
    Array.from(new Set(wanted.map(({ host }) => host)), (host) => {
      const words = Promise.all([askDns(host, request, prover.resolveTxt), askFile(host, request, prover)])
      return [host, words]
    }),
  )
  await using opened = new AsyncDisposableStack()
  const start = (web: Web) => {
    const { userAgent, asks } = prover
    const limits = { ...asks?.limits, imageBytes: MAX_PICTURE_BYTES }
    const images = startImages({ threads: 1, userAgent, web, ...asks, limits })
    opened.defer(() => images.close())
    return images
  }
  const pictures = start(prover.web)
  return await Promise.all(
    wanted.map(async ({ host, address }) => {
      const [[dns, wellKnown], recheck] = await Promise.all([
        hosts.get(host)!,
        address === null
          ? askSignals(sampleOf(host), false, start(stayAt(host, prover.web)))
          : askSignals([address], true, pictures),
      ])
      const found = ([dns, wellKnown, recheck] as const).findIndex(({ ok }) => ok)
      const proof = (['dns', 'well-known', 'recheck'] as const)[found] ?? 'none'
      return { proof, said: { dns: dns.said, wellKnown: wellKnown.said, recheck: recheck.said } }
    }),
  )
}

interface Answer {
  ok: boolean
  said: string
}

async function askDns(host: string, request: string, resolveTxt: ResolveTxt | null): Promise<Answer> {
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) return { ok: false, said: 'an address has no TXT records' }
  if (isUnlisted(host)) return { ok: false, said: 'no public name server knows this name' }
  if (resolveTxt === null) return { ok: false, said: 'this node asks no name servers' }
  try {
    const texts = await resolveTxt(`_shoal.${host}`)
    const ok = texts.some((text) => text.trim() === tokenOf(request))
    return { ok, said: ok ? `_shoal.${host} says so` : `_shoal.${host} has other texts` }
  } catch (error) {
    const { code = 'no answer' } = error as { code?: string }
    const isAbsent = code === 'ENOTFOUND' || code === 'ENODATA'
    return { ok: false, said: isAbsent ? `_shoal.${host} has no TXT record` : `name servers: ${code}` }
  }
}

async function askFile(host: string, request: string, prover: Prover): Promise<Answer> {
  const lines = await readWellKnown(host, prover)
  if (typeof lines === 'string') return { ok: false, said: lines }
  const ok = lines.includes(tokenOf(request))
  return { ok, said: ok ? 'the file says so' : 'the file has no such line' }
}

/** The host's first page, and an address that nobody has a rule for: a rule for some folder is none for the site. */
function sampleOf(host: string): string[] {
  const name = randomBytes(8).toString('hex')
  return [`https://${host}/`, `https://${host}/${name}/${name}.jpg`]
}

/** Files by which a site refuses: these alone may lie at another host. */
const SITE_FILES: readonly string[] = [
  ...['/robots.txt', '/.well-known/tdmrep.json'],
  ...['/ai.txt', '/.well-known/ai.txt'],
]

/** A web in which pages of a host lead to no other: what refuses there says nothing of this one. */
function stayAt(host: string, web: Web): Web {
  return {
    ...web,
    judge(address) {
      const url = web.judge(address)
      if (!(url instanceof URL) || url.hostname === host || SITE_FILES.includes(url.pathname)) return url
      return failure('fetch_redirects', 'to another host')
    },
  }
}

/** Whether all of it is refused now, asked as the crawl asks, and anew. */
async function askSignals(addresses: readonly string[], isPicture: boolean, images: Images): Promise<Answer> {
  const signal = AbortSignal.timeout(RECHECK_MS)
  try {
    let said = ''
    for (const address of addresses) {
      const refusal = await refusalOf(images, address, isPicture, signal)
      if (!refusal.ok) return refusal
      said = refusal.said
    }
    return { ok: true, said }
  } catch (error) {
    if (signal.aborted) return { ok: false, said: 'no answer in time' }
    throw error
  }
}

async function refusalOf(
  images: Images,
  address: string,
  isPicture: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  let result = await images.fetch(address, signal)
  // sites that have no https refuse over http
  if (!result.ok && NO_TLS.includes(result.outcome))
    result = await images.fetch(address.replace(/^https:/, 'http:'), signal)
  if (result.ok) return { ok: false, said: 'nothing there refuses it' }
  const { outcome, detail } = result
  // a robots.txt that can't be had keeps crawlers off, but says nothing of what its owner wants
  const isSaid = !detail.startsWith('robots.txt unreachable')
  const ok = isSaid && (isPicture ? PICTURE_REFUSES : SITE_REFUSES).includes(outcome)
  return { ok, said: ok ? `refused by ${detail}` : `nothing there refuses it (${outcome}: ${detail})` }
}
const NO_TLS: readonly string[] = ['fetch_tls', 'fetch_connect']
