import type { ReadCandidate, SaidRow } from '../../protocol/rules/agree.ts'

export const kite = {
  sha256: '1'.repeat(64),
  md5: '2'.repeat(32),
  pdq: `${'0'.repeat(62)}0f`,
  pdqQuality: 90,
  width: 640,
  height: 480,
}
export const kept: SaidRow = {
  url: 'https://photos.example/kite.jpg',
  outcome: 'kept',
  sha256: kite.sha256,
  pdq: kite.pdq,
  similarity: 0.3125,
  pair: {
    ...{ text: 'a red kite', md5: kite.md5, width: 640, height: 480, embedding: [0.6, 0.8] },
    ...{ tags: [], nsfw: 0.25, watermark: null, faces: 2 },
  },
}
export const dropped: SaidRow = { ...kept, outcome: 'similarity', similarity: 0.25, pair: null }
export const ended = (outcome: SaidRow['outcome']): SaidRow => ({
  ...kept,
  outcome,
  sha256: null,
  pdq: null,
  similarity: null,
  pair: null,
})
const masked = (outcome: SaidRow['outcome']): SaidRow => ({ ...ended(outcome), url: '' })
const read: ReadCandidate = { url: kept.url, text: 'a red kite', outcome: null, isDuplicate: false }

/** What the page alone tells. */
export function pageCases(): unknown[] {
  return [
    page('a row of the page', kept, read, null),
    page('a candidate the shard leaves out', null, read, 'forged', 'row_withheld'),
    page('a row of nothing', kept, null, 'forged', 'row_absent'),
    page('another address', kept, { ...read, url: 'https://a.example/' }, 'forged', 'row_url'),
    page('another text', kept, { ...read, text: 'a blue kite' }, 'forged', 'row_text'),
    page('a row that was kept without its pair', { ...kept, pair: null }, read, 'forged', 'row_absent'),
    page('a pair of a row that was dropped', { ...dropped, pair: kept.pair }, read, 'forged', 'row_absent'),
    page('a score without a number', { ...dropped, similarity: null }, read, 'forged', 'row_absent'),
    page(
      'a score without the hash of what was scored',
      { ...dropped, sha256: null },
      read,
      'forged',
      'row_absent',
    ),
    page('a text too short, on both sides', ended('text_short'), { ...read, outcome: 'text_short' }, 'match'),
    page(
      'kept in spite of a text too short',
      kept,
      { ...read, outcome: 'text_short' },
      'forged',
      'row_outcome',
    ),
    page('kept in spite of the page', kept, { ...read, outcome: 'optout_page' }, 'forged', 'row_outcome'),
    page('dropped for a text that is long enough', ended('text_short'), read, 'forged', 'row_outcome'),
    page('dropped for an opt-out that is not there', ended('optout_page'), read, 'forged', 'row_outcome'),
    page('a duplicate', ended('duplicate'), { ...read, isDuplicate: true }, 'match'),
    page('no duplicate', ended('duplicate'), read, 'forged', 'row_outcome'),
    page('kept twice', kept, { ...read, isDuplicate: true }, 'forged', 'row_outcome'),
    page(
      'a duplicate that nobody looked for',
      ended('duplicate'),
      { ...read, isDuplicate: null },
      'unverifiable',
      'row_unchecked',
    ),
    page('kept, and nobody looked for duplicates', kept, { ...read, isDuplicate: null }, null),
    page('met in another segment', ended('duplicate_elsewhere'), read, 'unverifiable', 'row_unchecked'),
    page('an image that could not be had', ended('fetch_dns'), read, null),
    page('withheld, and not told what', masked('withheld'), read, 'unverifiable', 'row_private'),
    page('quarantined, and not told what', masked('quarantined'), read, 'unverifiable', 'row_private'),
    page(
      'withheld, whatever the page says',
      masked('withheld'),
      { ...read, outcome: 'text_short' },
      'unverifiable',
      'row_private',
    ),
    page('withheld, of no candidate', masked('withheld'), null, 'forged', 'row_absent'),
    page('withheld, and told what', ended('withheld'), read, 'forged', 'row_absent'),
    page(
      'withheld, and its hash told',
      { ...masked('withheld'), sha256: kite.sha256 },
      read,
      'forged',
      'row_absent',
    ),
  ]
}

function page(
  comment: string,
  said: SaidRow | null,
  read: ReadCandidate | null,
  finding: string | null,
  code: string | null = null,
) {
  return { comment: `page: ${comment}`, said: spell(said), read, agreement: finding && { finding, code } }
}

/** JSON has no NaN. */
export function spell(said: SaidRow | null): unknown {
  return said && { ...said, similarity: Number.isNaN(said.similarity) ? 'NaN' : said.similarity }
}
