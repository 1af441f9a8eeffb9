import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OUTCOMES, type Outcome } from '../../../protocol/outcomes.ts'
import {
  type Agreement,
  type AgreementTerms,
  agreeOnImage,
  agreeOnPage,
  type ReadCandidate,
  type SaidRow,
  type SeenImage,
} from '../../../protocol/rules/agree.ts'
import { type Accusation, agreeOnAccusation } from '../../../protocol/rules/agree-on-accusation.ts'
import { readCases } from '../read-vectors.ts'

interface Case {
  said: (Omit<SaidRow, 'similarity'> & { similarity: number | 'NaN' | null }) | null
  read?: ReadCandidate | null
  seen?: SeenImage
  terms?: AgreementTerms
  agreement: Agreement | null
}
interface AccusationCase {
  accusation?: Accusation
  own: Agreement
  terms: Parameters<typeof agreeOnAccusation>[2]
  holds: boolean | null
}
const all = readCases<Case & AccusationCase>('agree')
const accusations = all.filter(({ accusation }) => accusation !== undefined)
const cases: (Case & { comment: string })[] = all.filter(({ accusation }) => accusation === undefined)
const saidOf = ({ said }: Case) =>
  said && ({ ...said, similarity: said.similarity === 'NaN' ? NaN : said.similarity } as SaidRow)

const vectors = suite('agree vectors')
for (const one of cases) {
  vectors(one.comment, () => {
    const said = saidOf(one)
    const agreement =
      one.seen === undefined ? agreeOnPage(said, one.read ?? null) : agreeOnImage(said!, one.seen, one.terms!)
    assert.equal(agreement, one.agreement)
  })
}
for (const { comment, accusation, own, terms, holds } of accusations)
  vectors(comment, () => assert.is(agreeOnAccusation(accusation!, own, terms), holds))
vectors.run()

const agreement = suite('agree')
const images = cases.filter(({ seen }) => seen !== undefined)
const terms = images[0]!.terms!
const outcomes = Object.keys(OUTCOMES) as Outcome[]
const soundRow = saidOf(images[0]!)!
const soundImage = images[0]!.seen!

agreement('no row is forged on account of an image that is not known to be the same', () => {
  const other = { ...soundImage.image!, sha256: '7'.repeat(64) }
  fc.assert(
    fc.property(
      fc.constantFrom(...outcomes),
      fc.constantFrom(...outcomes),
      fc.option(fc.constant(other)),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (mine, theirs, image, similarity) => {
        const said = { ...soundRow, outcome: mine }
        const score = image && { similarity, embedding: [0.6, 0.8] }
        const seen = { outcome: theirs, isArchived: false, image, score, findings: null }
        assert.is.not(agreeOnImage(said, seen, terms).finding, 'forged')
      },
    ),
    { numRuns: 2000 },
  )
})

agreement(
  'two honest verifiers on one class of device, not half a tolerance apart, never find match and forged',
  () => {
    const near = fc.double({ min: 0.3, max: 0.33, noNaN: true })
    fc.assert(
      fc.property(near, near, fc.double({ min: -0.00049, max: 0.00049, noNaN: true }), (said, one, apart) => {
        const find = (similarity: number) =>
          agreeOnImage(
            { ...soundRow, similarity: said },
            { ...soundImage, score: { ...soundImage.score!, similarity } },
            terms,
          ).finding
        assert.not.equal([find(one), find(one + apart)].sort(), ['forged', 'match'])
      }),
      { numRuns: 5000 },
    )
  },
)

agreement('strange rows end in a finding', () => {
  const strange = fc.record({
    url: fc.string(),
    outcome: fc.constantFrom(...outcomes),
    sha256: fc.option(fc.oneof(fc.string(), fc.constant(soundRow.sha256!))),
    pdq: fc.option(fc.string()),
    similarity: fc.option(fc.double()),
    pair: fc.option(
      fc.record({
        text: fc.string(),
        md5: fc.string(),
        width: fc.integer(),
        height: fc.integer(),
        embedding: fc.array(fc.double(), { maxLength: 3 }),
        tags: fc.array(fc.string(), { maxLength: 3 }),
        nsfw: fc.option(fc.double()),
        watermark: fc.option(fc.double()),
        faces: fc.option(fc.integer()),
      }),
    ),
  })
  fc.assert(
    fc.property(strange, fc.constantFrom(...images), fc.boolean(), (said, { seen }, isArchived) => {
      const { finding, code } = agreeOnImage(said, { ...seen!, isArchived }, terms)
      assert.is(code === null, finding === 'match' || finding === 'alike')
    }),
    { numRuns: 2000 },
  )
})

agreement.run()
