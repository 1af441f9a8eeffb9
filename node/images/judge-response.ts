import type { Outcome } from '../../protocol/outcomes.ts'
import type { ConsentSignal } from '../../protocol/rules/consent.ts'
import { readResponseConsent } from '../../protocol/rules/response-consent.ts'
import type { Reservation } from '../../protocol/rules/tdmrep.ts'
import type { Head } from './http.ts'

export type Judgement =
  | { ok: true; contentType: string | null; signals: string[] }
  | { ok: false; outcome: Outcome; detail: string; signals: string[] }

/**
 * Judge an image's HTTP response by its status and by the headers that opt out, be it from the web or from an archive.
 *
 * @param response - header names in any case, one entry a header line
 * @param honoured - the campaign's `pipeline.consent`
 * @param file - what the site's tdmrep.json says of the address, where it was asked
 */
export function judgeResponse(
  { status, headers }: Head,
  honoured: readonly ConsentSignal[],
  file: Reservation | null = null,
): Judgement {
  const { refused, signals, reason } = readResponseConsent({ headers, file }, honoured)
  if (status < 200 || status >= 400)
    return { ok: false, outcome: 'http_status', detail: String(status), signals }
  if (refused) return { ok: false, outcome: 'optout_image', detail: reason, signals }
  if (status >= 300) return { ok: false, outcome: 'http_status', detail: String(status), signals }
  const contentType = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? null
  return { ok: true, contentType, signals }
}
