import { hash } from 'node:crypto'
import { isMasked } from '../../protocol/outcomes.ts'
import { type Agreement, agreeOnPage, type ReadCandidate } from '../../protocol/rules/agree.ts'
import { pairUid } from '../../protocol/uid.ts'
import type { Candidate, ExtractedRecord, Page } from '../components.ts'
import { cutAddress, cutSignals } from '../shard/shard.ts'
import type { SaidOutcome } from './read-rows.ts'

/** A candidate as it stands on its page now. */
export interface Found {
  page: Omit<Page, 'candidates'>
  candidate: Candidate
}

/** One candidate: what the shard says and what the page holds, one of which may be missing. */
export interface Comparison {
  said: SaidOutcome | null
  found: Found | null
}

/**
 * Bring the rows of a record and the candidates in it together. A row or a candidate that comes twice stays alone. A masked
 * row does not name its page: it is any that is left with its place and its ordinal.
 */
export function matchRecord(rows: readonly SaidOutcome[], record: ExtractedRecord | null): Comparison[] {
  const comparisons = new Map<string, Comparison>()
  const seen = new Map<string, number>()
  const nameOf = (kind: string, pageUrl: string, ordinal: number) => {
    const name = `${ordinal} ${pageUrl}`
    const count = (seen.get(kind + name) ?? 0) + 1
    seen.set(kind + name, count)
    return `${count} ${name}`
  }
  for (const { candidates, ...page } of record?.pages ?? [])
    for (const candidate of candidates) {
      const name = nameOf('found', cutAddress(page.url).toWellFormed(), candidate.ordinal)
      comparisons.set(name, { said: null, found: { page, candidate } })
    }
  const masked = rows.filter(({ outcome }) => isMasked(outcome))
  for (const said of rows) {
    if (isMasked(said.outcome)) continue
    const name = nameOf('said', said.pageUrl, said.imageOrdinal)
    comparisons.set(name, { said, found: comparisons.get(name)?.found ?? null })
  }
  const left = [...comparisons.values()].filter(({ said }) => said === null)
  const alone: Comparison[] = []
  for (const said of masked) {
    const at = left.findIndex(({ found }) => found !== null && isAt(said, found))
    if (at === -1) alone.push({ said, found: null })
    else left.splice(at, 1)[0]!.said = said
  }
  return [...comparisons.values(), ...alone]
}

function isAt(said: SaidOutcome, { page, candidate }: Found): boolean {
  return (
    said.pageUrl === '' &&
    said.imageOrdinal === candidate.ordinal &&
    said.warcPath === page.warcPath.toWellFormed() &&
    said.warcOffset === page.warcOffset &&
    said.warcLength === page.warcLength
  )
}

/**
 * Whether the shard says of a candidate what its page says; null where all that is left to look at is the image.
 *
 * @param isDuplicate - see ReadCandidate
 */
export function compareCandidate(
  { said, found }: Comparison,
  isDuplicate: ReadCandidate['isDuplicate'],
): Agreement | null {
  const read = found && {
    url: cutAddress(found.candidate.url),
    text: found.candidate.text,
    outcome: found.candidate.outcome,
    isDuplicate,
  }
  const agreement = agreeOnPage(said, read)
  if (agreement?.finding === 'forged' || said === null || found === null) return agreement
  return compareDetails(said, found) ?? agreement
}

/** What a row says besides, all of which follows from the page and from the row itself. */
function compareDetails(said: SaidOutcome, { page, candidate }: Found): Agreement | null {
  const { pair } = said
  const isInPlace =
    said.warcPath === page.warcPath.toWellFormed() &&
    said.warcOffset === page.warcOffset &&
    said.warcLength === page.warcLength &&
    said.sourceLength === page.sourceLength
  if (!isInPlace) return { finding: 'forged', code: 'row_absent' }
  if (pair === null) return null
  const isSameRow =
    pair.pageUrl === page.url.toWellFormed() &&
    pair.warcPath === said.warcPath &&
    pair.warcOffset === said.warcOffset &&
    pair.warcLength === said.warcLength &&
    pair.imageOrdinal === said.imageOrdinal &&
    pair.similarity === said.similarity &&
    pair.sha256 === said.sha256 &&
    pair.pdq === said.pdq
  if (!isSameRow) return { finding: 'forged', code: 'row_absent' }
  const { url, text } = candidate
  const isNamed =
    pair.url === url &&
    pair.hash === hash('md5', url + text) &&
    pair.uid === pairUid({ ...pair, url, text }, (bytes) => hash('sha256', bytes))
  if (!isNamed) return { finding: 'forged', code: 'row_url' }
  const seenAt = page.date === null ? null : new Date(page.date).toISOString()
  const signals = cutSignals(page.signals).map((signal) => signal.toWellFormed())
  const isTold =
    pair.language === candidate.language &&
    pair.license === (candidate.license?.toWellFormed() ?? null) &&
    signals.every((signal, i) => pair.signals[i] === signal) &&
    pair.signals.length === pair.signalsAt.length &&
    (seenAt === null || signals.every((_, i) => pair.signalsAt[i] === seenAt))
  return isTold ? null : { finding: 'forged', code: 'row_text' }
}
