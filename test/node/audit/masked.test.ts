import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareCandidate, matchRecord } from '../../../node/audit/compare-record.ts'
import type { SaidOutcome } from '../../../node/audit/read-rows.ts'
import type { Candidate, ExtractedRecord } from '../../../node/components.ts'
import type { Outcome } from '../../../protocol/outcomes.ts'

const masked = suite('masked rows of a record')
const PLACE = { warcPath: 'a.warc.gz', warcOffset: 10, warcLength: 500 }

/** Two pages in one gzip member, so that both are at one place. */
const record: ExtractedRecord = {
  ...{ offset: 10, length: 500, isPage: true },
  pages: ['http://one.example/', 'http://two.example/'].map((url) => ({
    ...{ url, ...PLACE, sourceOffset: 10, sourceLength: 500, date: null, signals: [] },
    candidates: [0, 1].map(
      (ordinal): Candidate => ({
        ...{ ordinal, url: `${url}${ordinal}.jpg`, text: 'a cat' },
        ...{ language: null, license: null, outcome: null },
      }),
    ),
  })),
}

const said = (row: number, pageUrl: string, imageOrdinal: number, outcome: Outcome): SaidOutcome => ({
  ...{ row, url: pageUrl === '' ? '' : `${pageUrl}${imageOrdinal}.jpg`, pageUrl, ...PLACE, imageOrdinal },
  ...{ outcome, similarity: null, sha256: null, pdq: null, sourceOffset: 10, sourceLength: 500 },
  ...{ archived: null, pair: null },
})
const [one, two] = record.pages.map(({ url }) => url) as [string, string]

function judge(rows: SaidOutcome[]): string[] {
  return matchRecord(rows, record).map((comparison) => {
    const agreement = compareCandidate(comparison, false)
    return agreement === null ? 'to be looked at' : `${agreement.finding} ${agreement.code}`
  })
}

masked('belong to whatever candidate is left', () => {
  const rows = [said(0, one, 0, 'offline'), said(1, '', 1, 'withheld'), said(2, '', 0, 'quarantined')]
  assert.equal(judge([...rows, said(3, two, 1, 'offline')]), [
    'to be looked at',
    'unverifiable row_private',
    'unverifiable row_private',
    'to be looked at',
  ])
  assert.equal(
    judge([0, 1, 0, 1].map((ordinal, row) => said(row, '', ordinal, 'withheld'))),
    Array(4).fill('unverifiable row_private'),
  )
})

masked('stand for one candidate each, at its very place', () => {
  const rows = [said(0, one, 0, 'offline'), said(1, one, 1, 'offline'), said(2, two, 0, 'offline')]
  const forged = (row: SaidOutcome) => judge([...rows, row]).filter((finding) => finding.startsWith('forged'))
  assert.equal(forged(said(3, '', 1, 'withheld')), [])
  // another candidate's place, and a candidate that is left out
  const wrong = ['forged row_withheld', 'forged row_absent']
  assert.equal(forged(said(3, '', 0, 'withheld')), wrong)
  assert.equal(forged(said(3, '', 7, 'withheld')), wrong)
  assert.equal(forged({ ...said(3, '', 1, 'withheld'), warcOffset: 11 }), wrong)
  // one that tells its page
  assert.equal(forged({ ...said(3, '', 1, 'withheld'), pageUrl: two }), wrong)
  // and one too many
  assert.equal(
    judge([...rows, said(3, '', 1, 'withheld'), said(4, '', 1, 'withheld')]).at(-1),
    'forged row_absent',
  )
})

masked('are forged where they tell more than their place', () => {
  const rows = [said(0, one, 0, 'offline'), said(1, one, 1, 'offline'), said(2, two, 0, 'offline')]
  for (const more of [
    { url: 'http://two.example/1.jpg' },
    { sha256: 'a'.repeat(64) },
    { pdq: 'b'.repeat(64) },
    { similarity: 0.5 },
  ])
    assert.is(judge([...rows, { ...said(3, '', 1, 'withheld'), ...more }]).at(-1), 'forged row_absent')
})

masked.run()
