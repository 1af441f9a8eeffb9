/**
 * What can become of a candidate. Every candidate of a segment has exactly one outcome,
 * written to `outcomes.parquet`, so that withheld rows are found as forged ones are.
 * The order is the order of the pipeline's stages. Codes are stable: add, never rename.
 */
export const OUTCOMES = {
  // extraction and text rules
  url_invalid: 'the image address does not parse',
  url_scheme: 'the image address is not http or https (data:, javascript:, ...)',
  url_long: 'the image address is longer than the campaign allows',
  url_extension: 'the image address ends in a refused extension (svg, gif)',
  text_short: 'the text has too few characters',
  text_long: 'the text has too many characters',
  text_words: 'the text has too few words',
  language: "the text is not in one of the campaign's languages",
  // consent found on the page
  optout_page: 'the page opts out (meta robots or X-Robots-Tag)',
  // duplicates
  duplicate: 'the same url and text came earlier in this segment',
  duplicate_elsewhere: 'this node met the same url and text in another segment',
  // fetching
  offline: 'the image is not in the archive and live fetching is off',
  address_refused: 'the image address leads to a host, port or network that is never asked',
  optout_robots: "robots.txt forbids the image to us or to one of the AI tokens, or can't be had",
  optout_site: "the image's site opts out (TDMRep, AIPREF, Content-Signal or ai.txt)",
  fetch_dns: 'the host name does not resolve',
  fetch_connect: 'no connection, or a broken one',
  fetch_tls: "the server's certificate does not verify",
  fetch_timeout: 'the answer did not end in time',
  fetch_redirects: 'too many redirects, or one that leads nowhere',
  http_status: 'the server answered with an error status',
  optout_image: 'the image itself opts out (its headers, or the metadata in it)',
  image_bytes: 'the image file is larger than the limit',
  // decoding
  image_small: "the image file has fewer bytes than the campaign's least",
  image_format: "the bytes are not in one of the campaign's formats",
  image_pixels: 'the image has more pixels than the limit',
  image_broken: 'the image does not decode',
  image_side: "the image's shortest side is below the campaign's least",
  image_aspect: "the image is longer than the campaign's greatest aspect ratio",
  // scoring
  similarity: 'image and text are less similar than the threshold',
  // safety and removal, at whichever stage; of these rows neither address nor hash is told
  withheld: 'kept from the dataset: a blocklist, a removal or a rule of safety',
  quarantined: 'kept from the dataset: it looks like a medical picture or an identity document',
  kept: 'kept: the pair is in pairs.parquet',
} as const

export type Outcome = keyof typeof OUTCOMES

export type MaskedOutcome = Extract<Outcome, 'withheld' | 'quarantined'>

/**
 * Whether a row with this outcome tells of its place alone: neither address nor hash, nor does any other row with its address.
 * Together they would be an index of what nobody should find. So nobody can verify it, or is to; whoever has far more such
 * rows than others is held for it, as for all that can't be verified.
 */
export function isMasked(outcome: Outcome | null): outcome is MaskedOutcome {
  return outcome === 'withheld' || outcome === 'quarantined'
}
