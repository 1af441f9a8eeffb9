import parallel from 'it-parallel'
import { ShoalError } from '../../protocol/errors.ts'
import { isMasked } from '../../protocol/outcomes.ts'
import type { Agreement } from '../../protocol/rules/agree.ts'
import { placeIn } from '../../protocol/rules/sample.ts'
import type { ExtractedRecord } from '../components.ts'
import { isOfModel } from '../score/score.ts'
import { collect, windowsOf } from '../work/work.ts'
import { type Comparison, compareCandidate, matchRecord } from './compare-record.ts'
import { type EarlierRows, findEarlier, isRepeated } from './find-earlier.ts'
import { findPlainly } from './find-plainly.ts'
import type { AuditJob, AuditParts, Facts, Finding, SampledRow } from './job.ts'
import { type ImageTask, makeImageStages } from './look-at-images.ts'
import { openRows, type SaidOutcome, type ShardRows } from './read-rows.ts'
import { GONE, whenGone } from './source-gone.ts'

/** A sampled row, where its finding belongs, and what the shard says. */
interface Wanted {
  index: number
  said: SaidOutcome
}

/** A record of the source and why it is looked at. */
type RecordJob = { offset: number; wanted: Wanted[] } | { place: number; index: number }

/** Records that are read at once: one archive's server answers for all of them. */
const RECORDS_AT_ONCE = 4

const MATCH: Agreement = { finding: 'match', code: null }
const UNCHECKED: Agreement = { finding: 'unverifiable', code: 'row_unchecked' }

/**
 * Look at some rows of a shard as its producer did: the page's record is read again, every candidate on it compared
 * with the shard's rows, and the row's own image fetched, decoded and scored.
 *
 * @returns a finding for each row, in their order
 */
export async function lookAtRows(
  parts: AuditParts,
  job: AuditJob,
  sampled: readonly SampledRow[],
): Promise<Finding[]> {
  const { shard, campaign, source, signal, onProgress } = job
  checkModel(parts, job)
  if (sampled.length === 0) return []
  const findings: Finding[] = new Array(sampled.length)
  let done = 0
  function settle(index: number, agreement: Agreement, said: Facts = {}, found: Facts = {}): void {
    findings[index] = { ...sampled[index]!, ...agreement, said, found }
    onProgress?.(++done, sampled.length)
  }
  const settleAll = (agreement: Agreement, found: Facts = {}) => {
    for (const index of sampled.keys()) if (!findings[index]) settle(index, agreement, {}, found)
    return findings
  }

  const rows = await openRows(shard)
  if (rows.fault !== null) return settleAll({ finding: 'forged', code: 'row_outcome' }, { fault: rows.fault })
  const records = await parts.crawl.openRecords(source, campaign.pipeline.rules, signal).catch(whenGone)
  if (records === null) return settleAll(GONE)
  try {
    const { jobs, earlier } = await planJobs(rows, sampled)
    /** places whose pages the shard seems to lack */
    const suspects: { index: number; from: number }[] = []
    /** a server that was tried for minutes is not asked for the next record */
    let isGone = false

    async function runJob(one: RecordJob): Promise<ImageTask[]> {
      const indices = 'place' in one ? [one.index] : one.wanted.map(({ index }) => index)
      if (isGone) {
        for (const index of indices) settle(index, GONE)
        return []
      }
      try {
        return 'place' in one
          ? await lookAtPlace(one.place, one.index)
          : await lookAtRecord(one.offset, one.wanted)
      } catch (error) {
        whenGone(error)
        isGone = true
        for (const index of indices) if (!findings[index]) settle(index, GONE)
        return []
      }
    }

    async function lookAtRecord(offset: number, wanted: Wanted[]): Promise<ImageTask[]> {
      const said = await rows.ofRecord(offset)
      if (said === null) {
        for (const { index } of wanted) settle(index, UNCHECKED)
        return []
      }
      const record = await records!.extractAt({ offset, length: wanted[0]!.said.sourceLength })
      const comparisons = matchRecord(said, record)
      const bad = firstForged(comparisons)
      const tasks: ImageTask[] = []
      for (const { index, said } of wanted) {
        const own = comparisons.find((one) => one.said?.row === said.row)!
        const isDuplicate =
          bad === null && own.found
            ? await isRepeated(said, own.found, { earlier, rows, records: records! })
            : null
        const agreement = compareCandidate(own, isDuplicate)
        if (agreement?.finding !== 'forged' && bad !== null) settle(index, ...bad)
        else if (agreement !== null) settle(index, agreement, ...factsOf(own))
        else tasks.push({ index, said, found: own.found!, ...own.found! })
      }
      return tasks
    }

    async function lookAtPlace(place: number, index: number): Promise<ImageTask[]> {
      const from = placeIn(place, records!.start, records!.end)
      if ((await compareAt(await records!.extractNext(from))) === null) settle(index, MATCH)
      else suspects.push({ index, from })
      return []
    }

    async function lookAtSuspects(): Promise<void> {
      if (suspects.length === 0) return
      const bytes = suspects.map(({ from }) => from)
      const found = await findPlainly(parts.crawl, job, bytes, records!.start).catch(whenGone)
      for (const { index, from } of suspects) {
        const forgery = found && (await compareAt(found.get(from) ?? null))
        if (forgery === null) settle(index, found === null ? GONE : MATCH)
        else settle(index, ...forgery)
      }
    }

    async function compareAt(record: ExtractedRecord | null): Promise<Forgery | null> {
      if (record === null) return null
      const said = await rows.ofRecord(record.offset)
      return said === null ? [UNCHECKED, {}, {}] : firstForged(matchRecord(said, record))
    }

    async function* tasks(): AsyncGenerator<ImageTask> {
      const running = parallel(
        jobs.map((one) => () => runJob(one)),
        { concurrency: RECORDS_AT_ONCE, ordered: true },
      )
      for await (const found of running) {
        signal?.throwIfAborted()
        yield* found
      }
    }

    await collect(tasks(), makeImageStages(parts, job, settle), windowsOf(job.threads, parts.scorer))
    await lookAtSuspects()
    return findings
  } finally {
    await records.close()
  }
}

/** Rows by their records, in the order of the segment; then the places. */
async function planJobs(
  rows: ShardRows,
  sampled: readonly SampledRow[],
): Promise<{ jobs: RecordJob[]; earlier: EarlierRows }> {
  const places: RecordJob[] = []
  const numbers: { index: number; number: number }[] = []
  for (const [index, { frame, row }] of sampled.entries()) {
    if (frame === 'source') places.push({ place: row, index })
    else numbers.push({ index, number: rows.locate(frame, row) })
  }
  numbers.sort((a, b) => a.number - b.number)
  const jobs: { offset: number; wanted: Wanted[] }[] = []
  for (const { index, number } of numbers) {
    const said = await rows.read(number)
    const last = jobs.at(-1)
    if (last?.offset === said.sourceOffset) last.wanted.push({ index, said })
    else jobs.push({ offset: said.sourceOffset, wanted: [{ index, said }] })
  }
  const looked = jobs.flatMap(({ wanted }) => wanted.map(({ said }) => said))
  return { jobs: [...jobs, ...places], earlier: await findEarlier(rows, looked) }
}

type Forgery = [Agreement, said: Facts, found: Facts]

function firstForged(comparisons: readonly Comparison[]): Forgery | null {
  for (const one of comparisons) {
    const agreement = compareCandidate(one, null)
    if (agreement?.finding === 'forged') return [agreement, ...factsOf(one)]
  }
  return null
}

/** What a row says, and what its page. */
function factsOf({ said, found }: Comparison): [Facts, Facts] {
  // what the shard does not tell is not told by its verifiers
  if (said !== null && isMasked(said.outcome))
    return [{ ordinal: said.imageOrdinal, outcome: said.outcome }, {}]
  const { page, candidate } = found ?? {}
  return [
    said === null
      ? {}
      : {
          ...{ page: said.pageUrl, ordinal: said.imageOrdinal, url: said.url, outcome: said.outcome },
          ...(said.pair === null ? {} : { text: said.pair.text }),
        },
    page === undefined || candidate === undefined
      ? {}
      : {
          ...{ page: page.url, ordinal: candidate.ordinal, url: candidate.url, text: candidate.text },
          ...(candidate.outcome === null ? {} : { outcome: candidate.outcome }),
        },
  ]
}

/** @throws ShoalError `campaign_model` where scores of another model would be compared */
function checkModel({ scorer }: AuditParts, { campaign }: AuditJob): void {
  const { model } = campaign.pipeline
  if (isOfModel(scorer.model, model)) return
  throw new ShoalError(
    'campaign_model',
    `the campaign's model is ${model.repo}, and ${scorer.model.repo} has other files: verify with the campaign's own`,
  )
}
