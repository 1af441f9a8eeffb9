import type { Verification, VerifiedRow } from '../../node/daemon/daemon.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { control } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatCount } from '../numbers.ts'
import type { Output } from '../output.ts'
import { layOut, shorten } from '../table.ts'

/** Milliseconds between two looks how far it is. */
const LOOK_MS = 500
/** Findings for a person; with `--json` they are all there. */
const MOST = 20
const FRAMES = { kept: 'rows kept', dropped: 'rows dropped', source: 'places of the source' } as const
const FINDINGS = ['match', 'alike', 'unverifiable', 'forged'] as const

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const manifest = args[0]!
  const showing = showProgress(context, manifest)
  const shown = await control(context, 'verify', { manifest, replay: options.replay ?? null }).finally(
    showing,
  )
  showVerification(output, shown)
  output.emit(shown)
  judge(shown)
}

/** @throws ShoalError `shard_forged`, `shard_unclear`, `verdict_contradicted` */
function judge({ manifest, ruling, counts, replayed }: Verification): void {
  if (replayed !== null) {
    if (replayed.contradictions === 0) return
    throw new ShoalError(
      'verdict_contradicted',
      `${replayed.contradictions} of its rows are otherwise here: the verifier lied, or one of the two machines is broken; ask a third`,
    )
  }
  if (ruling === 'forged')
    throw new ShoalError('shard_forged', `${manifest} is forged: don't use it; the rows above show how`)
  if (ruling === 'unclear')
    throw new ShoalError(
      'shard_unclear',
      `${formatCount(counts.unverifiable)} rows of ${manifest} can't be verified now: try again later`,
    )
}

function showVerification(output: Output, shown: Verification): void {
  const { rows, rechecked, frames, ruling, replayed } = shown
  output.heading(replayed === null ? 'Audit' : 'A verdict repeated')
  const facts = [
    ['manifest', shown.manifest],
    ['campaign', `${shown.campaign} segment ${shown.segment}`],
    ['signed by', shown.producer],
    ...(replayed === null
      ? []
      : [
          ['verdict', replayed.verdict],
          ['of', `${replayed.verifier}, who says: ${replayed.ruling}`],
        ]),
  ]
  for (const line of layOut([{ title: '' }, { title: '' }], facts)) output.print(line)
  output.print()
  output.table(
    [{ title: 'looked at' }, ...[...FINDINGS, 'of'].map((title) => ({ title, align: 'right' as const }))],
    (['kept', 'dropped', 'source'] as const).map((frame) => {
      const own = rows.filter((row) => row.frame === frame)
      const counts = FINDINGS.map((finding) => own.filter((row) => row.finding === finding).length)
      const of = frame === 'source' ? '' : formatCount(frames[frame])
      return [`${own.length} ${FRAMES[frame]}`, ...counts.map(formatCount), of]
    }),
  )
  const told = [...rows, ...rechecked.map((row) => ({ ...row, isRecheck: true }))].filter(isWorthTelling)
  if (told.length > 0) output.print()
  // what is forged first
  for (const row of told.sort((a, b) => rankOf(a) - rankOf(b)).slice(0, MOST))
    for (const line of describeRow(row)) output.print(line)
  if (told.length > MOST) output.print(`and ${formatCount(told.length - MOST)} more: see them with --json`)
  output.print()
  output.print(
    replayed === null
      ? `ruling: ${ruling}`
      : `${replayed.contradictions === 0 ? 'Nothing contradicts it' : `${formatCount(replayed.contradictions)} rows contradict it`}; by what is found here and now: ${ruling}`,
  )
}

type ToldRow = VerifiedRow & { isRecheck?: boolean }

function isWorthTelling({ finding, theirs, isRecheck }: ToldRow): boolean {
  const differs = theirs !== undefined && theirs !== finding
  return differs || isRecheck === true || finding === 'forged' || finding === 'unverifiable'
}

const rankOf = ({ finding, contradicts }: ToldRow) => (contradicts ? 0 : finding === 'forged' ? 1 : 2)

function describeRow({
  frame,
  row,
  finding,
  code,
  said,
  found,
  theirs,
  contradicts,
  isRecheck,
}: ToldRow): string[] {
  const facts = [...new Set([...Object.keys(found), ...Object.keys(said)])]
    .filter((name) => said[name] !== found[name])
    .map((name) => `${name} ${tell(said[name])} → ${tell(found[name])}`)
  const words = [
    `${frame} ${row}: ${finding}${code === null ? '' : ` (${code})`}`,
    ...(theirs === undefined || theirs === finding ? [] : [`the verdict says ${theirs}`]),
    ...(contradicts ? ['a contradiction'] : []),
    ...(isRecheck && theirs === undefined ? ['others accuse it'] : []),
  ]
  return [
    shorten(words.join('; '), 80),
    ...(finding === 'forged' || contradicts ? facts.slice(0, 4).map((fact) => `  ${shorten(fact, 78)}`) : []),
  ]
}

function tell(fact: string | number | undefined): string {
  return fact === undefined ? '–' : shorten(String(fact), 33)
}

/** Bars while the daemon works. @returns what ends it */
function showProgress(context: Context, manifest: string): () => void {
  const { output } = context
  let ended = false
  const timer = setInterval(async () => {
    const status = await control(context, 'status').catch(() => null)
    const work = status?.audits.demanded.find((one) => one.manifest === manifest)
    if (ended || !work) return
    output.progress({
      ...{ file: `segment ${work.segment}`, segment: 0, segments: 1 },
      stages: [
        {
          ...{ stage: 'audit', done: work.done, unit: 'rows' },
          total: work.total === 0 ? null : work.total,
        },
      ],
    })
  }, LOOK_MS)
  return () => {
    ended = true
    clearInterval(timer)
    output.endProgress()
  }
}
