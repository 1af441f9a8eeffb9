import { type ConsentSignal, type Weighed, weighConsents } from './consent.ts'
import { isBoundMetaName, readRobotsDirectives } from './robots-directives.ts'
import { type Reservation, readReservation, weighReservations } from './tdmrep.ts'
import { readContentUsage } from './usage.ts'

/** Headers that opt out, in lower case. */
export const CONSENT_HEADERS: readonly string[] = [
  'x-robots-tag',
  'tdm-reservation',
  'tdm-policy',
  'content-usage',
]

/** What comes with a page or a picture, and is judged together. */
export interface Spoken {
  /** names in any case, one entry a header line */
  headers: readonly (readonly [name: string, value: string])[]
  /** `[name, content]` of a page's meta elements, names in lower case */
  metas?: readonly (readonly [name: string, content: string])[]
  /** what the site's tdmrep.json says of the address */
  file?: Reservation | null
}

/** Whether a meta element of this name opts out, and binds us. */
export function isConsentMeta(name: string): boolean {
  return TDM_METAS.has(name.trim().toLowerCase()) || isBoundMetaName(name)
}
const TDM_METAS: ReadonlySet<string> = new Set(['tdm-reservation', 'tdm-policy'])

/** Weigh what a response says by its headers, and a page by its meta elements. */
export function readResponseConsent(
  { headers, metas = [], file = null }: Spoken,
  honoured: readonly ConsentSignal[],
): Weighed {
  const header = (wanted: string) =>
    headers.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []))
  const meta = (wanted: string) => metas.flatMap(([name, content]) => (name === wanted ? [content] : []))
  const reservation = (read: typeof header): Reservation => ({
    reserved: readReservation(read('tdm-reservation')),
    policy: read('tdm-policy')[0]?.trim() ?? null,
  })
  return weighConsents(
    [
      ['X-Robots-Tag', readRobotsDirectives(header('x-robots-tag'), 'x-robots-tag')],
      ...metas
        .filter(([name]) => !TDM_METAS.has(name))
        .map(([name, content]) => ['meta robots', readRobotsDirectives([content], `meta ${name}`)] as const),
      [
        'TDMRep',
        weighReservations([
          ['tdmrep.json', file],
          ['tdm-reservation', reservation(header)],
          ['meta tdm-reservation', reservation(meta)],
        ]),
      ],
      ['AIPREF', readContentUsage(header('content-usage'), 'content-usage')],
    ],
    honoured,
  )
}
