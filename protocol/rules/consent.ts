/** The opt-out signals that a campaign can name. A node that does not know one can't work for it. */
export const CONSENT_SIGNALS = [
  'robots.txt',
  'X-Robots-Tag',
  'TDMRep',
  'meta robots',
  'AIPREF',
  'Content-Signal',
  'ai.txt',
  'XMP',
  'C2PA',
] as const
/** Those that no campaign leaves out. */
export const REQUIRED_CONSENT: readonly string[] = ['robots.txt', 'X-Robots-Tag', 'TDMRep']

/** An opt-out signal as campaigns name it. */
export type ConsentSignal = (typeof CONSENT_SIGNALS)[number]

/** What one signal says at one place: a header, a file, the metadata of a picture. */
export interface Consent {
  refused: boolean
  /** all that was seen there as `source: value`, be it a refusal or not */
  signals: string[]
}

/** What all signals of one page, response or picture come to. */
export interface Weighed extends Consent {
  /** what refuses, for the record; '' where nothing does */
  reason: string
}

/**
 * Any refusal wins. A signal that the campaign does not honour is recorded and refuses nothing.
 *
 * @param honoured - the campaign's `pipeline.consent`
 */
export function weighConsents(
  consents: readonly (readonly [ConsentSignal, Consent])[],
  honoured: readonly ConsentSignal[],
): Weighed {
  const refusals = consents.filter(([name, { refused }]) => refused && honoured.includes(name))
  return {
    refused: refusals.length > 0,
    signals: [...new Set(consents.flatMap(([, { signals }]) => signals))],
    reason: refusals.flatMap(([, { signals }]) => signals).join(', '),
  }
}
