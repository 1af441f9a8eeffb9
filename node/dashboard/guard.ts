import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ShoalError } from '../../protocol/errors.ts'

/** By what name browsers reach a server on their own machine. */
const NAMES = ['127.0.0.1', 'localhost', '[::1]']
/** The port that addresses leave out. */
const HTTP_PORT = 80

/** What every answer says to the browser: no other page may read, embed or frame it, and it loads nothing from elsewhere. */
export const HEADERS = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const

/**
 * Refuse what another site's page might send. A name of that site's own that leads here (DNS rebinding) stands in Host; a page
 * on another origin is told by Origin and by Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/), another port of this
 * machine among them. Programs send neither of the two.
 *
 * @param isPage - whether the page itself is asked for, to which anybody may link
 * @throws ShoalError `dashboard_host`, `dashboard_origin`
 */
export function checkSource(headers: IncomingHttpHeaders, port: number, isPage: boolean): void {
  const host = headers.host?.toLowerCase() ?? ''
  const isHere = NAMES.some((name) => host === `${name}:${port}` || (port === HTTP_PORT && host === name))
  if (!isHere)
    throw new ShoalError(
      'dashboard_host',
      `the dashboard is at http://127.0.0.1:${port} and by no other name`,
    )
  const { origin } = headers
  const site = headers['sec-fetch-site'] ?? 'none'
  const isLinked =
    isPage && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  if (
    (origin !== undefined && origin.toLowerCase() !== `http://${host}`) ||
    !(site === 'none' || site === 'same-origin' || isLinked)
  )
    throw new ShoalError('dashboard_origin', 'the dashboard answers its own page alone, no other site')
}

/** @throws ShoalError `dashboard_token` where a request does not bear it */
export function checkToken(headers: IncomingHttpHeaders, token: string): void {
  const given = /^Bearer ([\da-f]{64})$/.exec(headers.authorization ?? '')?.[1] ?? ''
  if (!timingSafeEqual(digest(given), digest(token)))
    throw new ShoalError(
      'dashboard_token',
      'this needs the key of this start of the node: open the address that `shoal dashboard` prints',
    )
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
