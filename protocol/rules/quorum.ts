import { CONVICTING_LEAD, HELD_DEVIATIONS, TRUSTED_AFTER, USUAL_UNVERIFIABLE } from '../limits.ts'
import { unpackFindings, type Verdict } from '../records/verdict.ts'
import { BY_DEVICE } from './agree-on-accusation.ts'
import { drawRows, type Frame } from './sample.ts'

/**
 * - `unaudited`: fewer good verdicts than it needs
 * - `verified`: enough of them, and nobody's accusation stands
 * - `held`: too much of it can't be verified
 * - `disputed`: somebody found a row forged, and that is neither proven nor refuted yet
 * - `refused`: it is forged, or its producer has signed another in its place
 */
export type ShardState = 'unaudited' | 'verified' | 'held' | 'disputed' | 'refused'

interface Row {
  frame: Frame
  row: number
}

/** A verdict as far as it counts. Peers are numbers: places in the tally's list. */
export interface Ballot {
  verifier: number
  epoch: number
  ruling: Verdict['ruling']
  /** rows looked at, and how many of them could not be verified */
  rows: number
  unverifiable: number
  votes: readonly Vote[]
}

/** A verifier's word on a row that somebody accuses. */
export interface Vote extends Row {
  forged: boolean
  /** whether it looked since somebody had accused the row; else its own sample held it */
  isRecheck: boolean
  /** the class of device that it speaks for; null for what all devices see alike. Of no matter for a recheck */
  device: string | null
}

/** A row that somebody accuses, and who says what of it. */
export interface AccusedRow extends Row {
  forged: number[]
  match: number[]
}

/**
 * All verdicts on one shard as ballots: what each says of the rows that any of them accuses. It says so by its own
 * accusation, or as it has `rechecked` the row, or since its own sample held it and it found a `match`. `alike` and
 * `unverifiable` say nothing.
 *
 * Samples are drawn again only for shards that somebody accuses: the others cost nothing.
 *
 * @param numberOf - a verifier's number
 */
export function makeBallots(
  verdicts: readonly Verdict[],
  numberOf: (verifier: Uint8Array) => number,
): Ballot[] {
  const accused = new Set(verdicts.flatMap(({ forged }) => forged.map(nameOf)))
  return verdicts.map((verdict) => ({
    verifier: numberOf(verdict.verifier),
    epoch: verdict.epoch,
    ruling: verdict.ruling,
    rows: verdict.sampled.kept + verdict.sampled.dropped + verdict.sampled.source,
    unverifiable: verdict.unverifiable,
    votes: votesOf(verdict, accused),
  }))
}

/** What it accuses itself counts most, then what it looked at again, then what it happened to see. */
function votesOf(verdict: Verdict, accused: ReadonlySet<string>): Vote[] {
  const { forged, rechecked, deviceClass } = verdict
  const told: Vote[] = [
    ...rechecked.map((one) => ({ ...one, isRecheck: true, device: null })),
    ...forged.map(({ frame, row, code }) => ({
      frame,
      row,
      forged: true,
      isRecheck: false,
      device: BY_DEVICE.has(code) ? deviceClass : null,
    })),
  ]
  const votes = new Map(told.map((vote) => [nameOf(vote), vote]))
  if ([...accused].some((name) => !votes.has(name)))
    for (const { frame, row, finding } of recall(verdict)) {
      const name = nameOf({ frame, row })
      if (votes.has(name) || (finding !== 'match' && finding !== 'forged')) continue
      votes.set(name, { frame, row, forged: finding === 'forged', isRecheck: false, device: deviceClass })
    }
  return [...votes].flatMap(([name, vote]) => (accused.has(name) ? vote : []))
}

function nameOf({ frame, row }: Row): string {
  return `${frame} ${row}`
}

/** What a verdict says of each row of the shard that its sample held. */
function recall({ proof, frames, sampled, findings }: Verdict) {
  const found = unpackFindings(findings, sampled.kept + sampled.dropped)
  const kept = drawRows(proof, 'kept', frames.kept, sampled.kept)
  const dropped = drawRows(proof, 'dropped', frames.dropped, sampled.dropped)
  return [
    ...kept.map((row, i) => ({ frame: 'kept' as Frame, row, finding: found[i]! })),
    ...dropped.map((row, i) => ({ frame: 'dropped' as Frame, row, finding: found[sampled.kept + i]! })),
  ]
}

/**
 * The rows that somebody accuses, and whose word on them counts.
 *
 * A score that one device finds forged may be within what another allows, and a producer could aim between the two to
 * set honest verifiers against each other. So a match that was found by chance denies such an accusation only where it
 * comes from a device of an accuser's class; a recheck, which goes by agreeOnAccusation, always.
 *
 * Each day has other verifiers. Lest colluders deny an accusation day after day until they are the majority, a word
 * counts until the day after the last accusation, and a recheck not from before the first.
 *
 * @param ballots - those that count
 */
export function countVotes(ballots: readonly Ballot[]): AccusedRow[] {
  if (ballots.every(({ votes }) => votes.length === 0)) return []
  const byRow = new Map<string, (Vote & Pick<Ballot, 'verifier' | 'epoch'>)[]>()
  for (const { verifier, epoch, votes } of ballots)
    for (const vote of votes) {
      const known = byRow.get(nameOf(vote))
      if (known === undefined) byRow.set(nameOf(vote), [{ verifier, epoch, ...vote }])
      else known.push({ verifier, epoch, ...vote })
    }
  return [...byRow.values()].flatMap((votes) => {
    const accusing = votes.filter(({ forged, isRecheck }) => forged && !isRecheck)
    if (accusing.length === 0) return []
    const devices = accusing.map(({ device }) => device)
    const days = accusing.map(({ epoch }) => epoch)
    const first = Math.min(...days) - 1
    const last = Math.max(...days) + 1
    const counted = votes.filter(({ forged, isRecheck, device, epoch }) =>
      isRecheck
        ? epoch >= first && epoch <= last
        : forged || (epoch <= last && (devices.includes(null) || devices.includes(device))),
    )
    const saying = (wanted: boolean) =>
      counted.filter(({ forged }) => forged === wanted).map(({ verifier }) => verifier)
    return { frame: votes[0]!.frame, row: votes[0]!.row, forged: saying(true), match: saying(false) }
  })
}

/**
 * Whether the shard is proven to be forged: those who find a row forged, on rows where they are the majority, are
 * more by CONVICTING_LEAD (or the quorum, if that is less) than those who deny any of these rows. Two verifiers who
 * met different forged rows, which is how it goes where many are forged, are two; a liar whom others refute is none.
 */
export function isConvicted(rows: readonly AccusedRow[], quorum: number): boolean {
  const leading = rows.filter(({ forged, match }) => forged.length > match.length)
  const accusers = new Set(leading.flatMap(({ forged }) => forged))
  const deniers = new Set(leading.flatMap(({ match }) => match))
  return accusers.size > 0 && accusers.size - deniers.size >= Math.min(quorum, CONVICTING_LEAD)
}

/**
 * Whether those who find the row as it should be are more, by a whole quorum, than those who find it forged. To clear
 * takes more than to convict: a forged shard that is cleared is in the index, an honest one that is refused is redone.
 */
function isRefuted({ forged, match }: AccusedRow, quorum: number): boolean {
  return match.length - forged.length >= quorum
}

/** Verifiers whom these rows show to have lied: to have accused what is right, or passed what is forged. */
export function findLiars(rows: readonly AccusedRow[], quorum: number): Liar[] {
  return rows.flatMap((row): Liar[] => {
    const { forged, match } = row
    if (isRefuted(row, quorum)) return forged.map((verifier) => ({ verifier, offence: 'accused_falsely' }))
    if (forged.length - match.length < Math.min(quorum, CONVICTING_LEAD)) return []
    return match.map((verifier) => ({ verifier, offence: 'passed_forged' }))
  })
}

interface Liar {
  verifier: number
  offence: 'accused_falsely' | 'passed_forged'
}

/**
 * The rows that a verifier has to look at again, and say so in `rechecked`: the accusations that are not refuted, one
 * of each accuser's before a second of any, so that nobody's are hidden behind a liar's many.
 *
 * @param rows - as countVotes gives them
 * @param most - so many at most: MAX_ACCUSED
 */
export function chooseRechecks(rows: readonly AccusedRow[], quorum: number, most: number): Row[] {
  const turns = new Map<number, number>()
  return rows
    .filter((row) => !isRefuted(row, quorum))
    .map(({ frame, row, forged }) => {
      const turn = Math.min(...forged.map((accuser) => turns.get(accuser) ?? 0))
      for (const accuser of forged) turns.set(accuser, (turns.get(accuser) ?? 0) + 1)
      return { frame, row, turn }
    })
    .sort((a, b) => a.turn - b.turn)
    .slice(0, most)
    .map(({ frame, row }) => ({ frame, row }))
}

/** Good verdicts that a shard needs: fewer of a producer with many valid shards in a row, but never none (as in BOINC). */
export function neededVerifiers(valid: number, quorum: number): number {
  return valid < TRUSTED_AFTER ? quorum : Math.max(1, Math.ceil((quorum * TRUSTED_AFTER) / valid))
}

/** What share of a shard's rows can't be verified, as is usual in this campaign. */
export interface Usual {
  median: number
  /** standard deviation, by the median of the deviations: those of a minority of cheats don't widen it */
  deviation: number
}

/** @param shares - of each audited shard; they are put in order */
export function findUsual(shares: Float64Array): Usual {
  const median = middle(shares)
  // 1.4826: of a normal distribution it is the standard deviation
  return { median, deviation: 1.4826 * middle(shares.map((share) => Math.abs(share - median))) }
}

function middle(numbers: Float64Array): number {
  return numbers.length === 0 ? 0 : numbers.sort()[(numbers.length - 1) >> 1]!
}

/** What share of the rows that these ballots looked at they could not verify. */
export function shareUnverifiable(ballots: readonly Ballot[]): number {
  let [unverifiable, rows] = [0, 0]
  for (const ballot of ballots) {
    unverifiable += ballot.unverifiable
    rows += ballot.rows
  }
  return rows === 0 ? 0 : unverifiable / rows
}

/**
 * Whether too much can't be verified: HELD_DEVIATIONS above what is usual, by chance's own deviation for so many rows
 * (binomial) or by that of the campaign's shards, if it is wider: one segment's pictures lie on few hosts.
 */
function isHeld(ballots: readonly Ballot[], { median, deviation }: Usual): boolean {
  if (ballots.length === 0) return false
  if (ballots.every(({ ruling }) => ruling === 'unclear')) return true
  const usual = Math.max(median, USUAL_UNVERIFIABLE)
  const rows = ballots.reduce((sum, ballot) => sum + ballot.rows, 0)
  const chance = Math.sqrt((usual * (1 - usual)) / rows)
  return shareUnverifiable(ballots) > usual + HELD_DEVIATIONS * Math.max(chance, deviation)
}

/**
 * The state of a shard, by the ballots that count, in whatever order they came.
 *
 * @param rows - countVotes of the ballots
 * @param quorum - the policy's; `needed` is what of it this producer's shards need
 */
export function decideState(
  ballots: readonly Ballot[],
  rows: readonly AccusedRow[],
  { isForked, quorum, needed, usual }: { isForked: boolean; quorum: number; needed: number; usual: Usual },
): ShardState {
  if (isForked || isConvicted(rows, quorum)) return 'refused'
  if (rows.some((row) => !isRefuted(row, quorum))) return 'disputed'
  if (isHeld(ballots, usual)) return 'held'
  return ballots.filter(({ ruling }) => ruling === 'good').length >= needed ? 'verified' : 'unaudited'
}
