import type { Outcome } from '../../protocol/outcomes.ts'
import { readRobotsDirectives } from '../../protocol/rules/robots-directives.ts'
import type { Head } from './http.ts'

export type Judgement =
  | { ok: true; contentType: string | null; signals: string[] }
  | { ok: false; outcome: Outcome; detail: string; signals: string[] }

/**
 * Judge an image's HTTP response by its status and its X-Robots-Tag headers, be it from the web or from an archive.
 *
 * @param response - header names in any case, one entry a header line
 */
export function judgeResponse({ status, headers }: Head): Judgement {
  const values = (wanted: string) =>
    headers.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []))
  const { refused, signals } = readRobotsDirectives(values('x-robots-tag'), 'x-robots-tag')
  if (status < 200 || status >= 400)
    return { ok: false, outcome: 'http_status', detail: String(status), signals }
  if (refused) return { ok: false, outcome: 'optout_image', detail: signals.join(', '), signals }
  if (status >= 300) return { ok: false, outcome: 'http_status', detail: String(status), signals }
  return { ok: true, contentType: values('content-type')[0] ?? null, signals }
}
