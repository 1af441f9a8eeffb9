import { CID } from 'multiformats/cid'
import type { Verdict } from '../../protocol/records/verdict.ts'
import { agreeOnAccusation } from '../../protocol/rules/agree-on-accusation.ts'
import { type AuditJob, type AuditParts, type Finding, recheckRows, type SampledRow } from '../audit/audit.ts'

/** What accuses a shard as a whole: it is a copy of another. The evidence, `original`, is that one's manifest. */
export const COPIED = 'shard_copied'

/** An accusation of a row. */
type Accusation = Verdict['forged'][number] & Pick<Verdict, 'deviceClass'>

/**
 * Look again at rows that others accuse.
 *
 * @param accused - of them, those to be looked at
 * @param judgeOriginal - whether the shard is a copy of the one with this manifest; null where nobody here can tell
 * @returns in the order of `accused`; what can't be told is `unverifiable`
 * @throws as `recheckRows`
 */
export async function answerAccusations(
  parts: AuditParts,
  job: AuditJob,
  accused: readonly SampledRow[],
  verdicts: readonly Verdict[],
  judgeOriginal: (original: CID | null) => Promise<boolean | null>,
): Promise<Finding[]> {
  const accusationsOf = ({ frame, row }: SampledRow): Accusation[] =>
    verdicts.flatMap(({ forged, deviceClass }) =>
      forged.filter((one) => one.frame === frame && one.row === row).map((one) => ({ ...one, deviceClass })),
    )
  const seen = await recheckRows(
    parts,
    job,
    accused.filter((row) => !isOfCopying(accusationsOf(row))),
  )
  const answers: Finding[] = []
  for (const { frame, row } of accused) {
    const accusations = accusationsOf({ frame, row })
    const own: Finding = isOfCopying(accusations) ? { frame, row, ...NOTHING_SEEN } : seen.shift()!
    const words: (boolean | null)[] = []
    for (const accusation of accusations)
      words.push(
        accusation.code === COPIED
          ? await judgeOriginal(readOriginal(accusation))
          : agreeOn(parts, job, accusation, own),
      )
    answers.push({ ...own, ...answerOf(words) })
  }
  return answers
}

const NOTHING_SEEN = { finding: 'unverifiable', code: null, said: {}, found: {} } as const

const isOfCopying = (accusations: readonly Accusation[]) =>
  accusations.length > 0 && accusations.every(({ code }) => code === COPIED)

/** One that holds is enough; it is cleared where none does. */
function answerOf(words: readonly (boolean | null)[]): Pick<Finding, 'finding' | 'code'> {
  if (words.includes(true)) return { finding: 'forged', code: null }
  const isCleared = words.length > 0 && words.every((word) => word === false)
  return { finding: isCleared ? 'match' : 'unverifiable', code: null }
}

function agreeOn(
  { scorer }: AuditParts,
  { campaign, shard }: AuditJob,
  { code, found, deviceClass }: Accusation,
  own: Finding,
): boolean | null {
  const ownWord = { finding: own.finding, code: null }
  return agreeOnAccusation({ code, similarity: numberOr(found.similarity), device: deviceClass }, ownWord, {
    said: numberOr(own.said.similarity),
    score: numberOr(own.found.similarity),
    tolerances: campaign.audit.tolerances,
    producerDevice: shard.manifest.deviceClass,
    verifierDevice: scorer.deviceClass,
  })
}

const numberOr = (fact: unknown) => (typeof fact === 'number' ? fact : null)

/** @returns null where the accuser names none */
export function readOriginal({ found }: Pick<Accusation, 'found'>): CID | null {
  try {
    return CID.parse(String(found.original))
  } catch {
    return null
  }
}
