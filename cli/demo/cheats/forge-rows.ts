import type { CandidateOutcome, Pair } from '../../../node/components.ts'

/** All rows of a shard, before they are written. */
export interface Rows {
  pairs: Pair[]
  outcomes: CandidateOutcome[]
}

/** Changes rows in place. @param share - of the rows that it could change, from 0 to 1; one at least */
export type Forge = (rows: Rows, share: number) => void

const TEXT = 'Best prices for brand watches, order today'
const URL = 'http://shop.example/'
/** Far from what any pair of the campaign scores. */
const ADDED = 0.2
const BELOW = 0.01

/** A share of a list, spread over it; one at least, if there is any. */
function choose<T>(list: readonly T[], share: number): T[] {
  const chosen = list.filter((_, i) => Math.floor((i + 1) * share) > Math.floor(i * share))
  return chosen.length > 0 ? chosen : list.slice(0, 1)
}

const isAt = (pair: Pair, { pageUrl, warcOffset, imageOrdinal }: CandidateOutcome) =>
  pair.pageUrl === pageUrl && pair.warcOffset === warcOffset && pair.imageOrdinal === imageOrdinal

const outcomeOf = ({ outcomes }: Rows, pair: Pair) => outcomes.find((outcome) => isAt(pair, outcome))!

const isSamePage = (a: CandidateOutcome | Pair, b: CandidateOutcome | Pair) =>
  a.pageUrl === b.pageUrl && a.warcOffset === b.warcOffset

/** Pairs are better than they are. */
export const forgeScores: Forge = (rows, share) => {
  for (const pair of choose(rows.pairs, share))
    outcomeOf(rows, pair).similarity = pair.similarity = Math.min(1, pair.similarity + ADDED)
}

/** Pictures get a text that somebody pays for. */
export const forgeTexts: Forge = ({ pairs }, share) => {
  for (const pair of choose(pairs, share)) pair.text = TEXT
}

/** Pairs that no page has follow those that it does have. */
export const inventRows: Forge = (rows, share) => {
  for (const [i, pair] of choose(rows.pairs, share).entries()) {
    const last = rows.outcomes.findLastIndex((one) => isSamePage(one, pair))
    const imageOrdinal = rows.outcomes[last]!.imageOrdinal + 1
    const made = { url: `${URL}${i}.jpg`, imageOrdinal, similarity: 0.5 }
    rows.outcomes.splice(last + 1, 0, { ...outcomeOf(rows, pair), ...made, detail: null })
    const lastPair = rows.pairs.findLastIndex((one) => isSamePage(one, pair))
    rows.pairs.splice(lastPair + 1, 0, { ...pair, ...made, text: TEXT })
  }
}

/** Whole pages are missing, where there are several, and candidates of others. */
export const withholdRows: Forge = (rows, share) => {
  const part = Math.min(share, 0.5)
  const pages = rows.outcomes.filter((one, i, all) => i === 0 || !isSamePage(one, all[i - 1]!))
  const gone = new Set(choose(rows.outcomes, part))
  if (pages.length > 1)
    for (const page of choose(pages, part / 2))
      for (const one of rows.outcomes) if (isSamePage(one, page)) gone.add(one)
  rows.outcomes = rows.outcomes.filter((one) => !gone.has(one))
  rows.pairs = rows.pairs.filter((pair) => rows.outcomes.some((one) => isAt(pair, one)))
}

/** Good pairs seem to be below the threshold. */
export const dropPairs: Forge = (rows, share) => {
  for (const pair of choose(rows.pairs, share)) {
    Object.assign(outcomeOf(rows, pair), { outcome: 'similarity', similarity: BELOW })
    rows.pairs = rows.pairs.filter((one) => one !== pair)
  }
}

/** Servers seem to have nothing any more, which spares all further work. */
export const claimDead: Forge = (rows, share) => {
  const scored = rows.outcomes.filter(({ sha256 }) => sha256 !== null)
  for (const one of choose(scored, share))
    Object.assign(one, {
      ...{ outcome: 'http_status', detail: '404', similarity: null, sha256: null, pdq: null },
      ...{ imageOffset: null, imageLength: null },
    })
  rows.pairs = rows.pairs.filter((pair) => outcomeOf(rows, pair).outcome === 'kept')
}
