import { packFindings, type Verdict } from '../../protocol/records/verdict.ts'
import type { Vote } from '../../protocol/rules/quorum.ts'
import { drawSample } from '../../protocol/rules/sample.ts'
import { dagJsonOf, hex, signerOf } from './spelling.ts'
import { verdictFields } from './verdict.ts'

export const accuse = (row: number, device: string | null = null): Vote => ({
  frame: 'kept',
  row,
  forged: true,
  isRecheck: false,
  device,
})
export const met = (row: number, device = 'cpu/fp32'): Vote => ({
  frame: 'kept',
  row,
  forged: false,
  isRecheck: false,
  device,
})
export const recheck = (row: number, forged: boolean): Vote => ({
  frame: 'kept',
  row,
  forged,
  isRecheck: true,
  device: null,
})
/** Three verifiers of one shard, the first of whom accuses the row it drew first. */
export async function ballotCases() {
  const base = await verdictFields()
  const frames = { kept: 8, dropped: 3 }
  const make = async (
    seed: number,
    find: (row: number) => 'match' | 'alike' | 'unverifiable' | 'forged',
    change: Partial<Verdict> = {},
  ) => {
    const signer = signerOf(seed)
    const proof = await signer.sign(Buffer.from('any'))
    const { kept } = drawSample(proof, frames, 8)
    const findings = [...kept.map(find), ...Array(5).fill('match')]
    return {
      ...base,
      verifier: signer.publicKey,
      proof,
      sampled: { kept: 8, dropped: 3, source: 2 },
      findings: packFindings(findings),
      ...change,
    } as Verdict
  }
  const accusation = (code: string) => [{ frame: 'kept' as const, row: 5, code, found: {} }]
  const accuser = (code: string) =>
    make(3, (row) => (row === 5 ? 'forged' : 'match'), { forged: accusation(code), ruling: 'forged' })
  const ballots = async (comment: string, code: string, others: Verdict[], votes: Vote[][]) => {
    const verdicts = [await accuser(code), ...others]
    return {
      comment: `ballots: ${comment}`,
      verdicts: verdicts.map(dagJsonOf),
      verifiers: verdicts.map(({ verifier }) => hex(verifier)),
      votes,
    }
  }
  const own = accuse(5)
  return [
    await ballots(
      'all rows are in all samples',
      'row_text',
      [await make(4, () => 'match')],
      [[own], [met(5)]],
    ),
    await ballots(
      'what is alike or can not be verified says nothing',
      'row_text',
      [await make(4, () => 'alike'), await make(5, () => 'unverifiable')],
      [[own], [], []],
    ),
    await ballots(
      'what was looked at again counts for more',
      'row_text',
      [await make(4, () => 'match', { rechecked: [{ frame: 'kept', row: 5, forged: true }] })],
      [[own], [recheck(5, true)]],
    ),
    await ballots(
      'a score speaks for the class of its device',
      'row_score',
      [await make(4, () => 'match', { deviceClass: 'cuda/fp16' })],
      [[accuse(5, 'cpu/fp32')], [met(5, 'cuda/fp16')]],
    ),
    await ballots(
      'one that has found it forged and does not list it',
      'row_text',
      [await make(4, (row) => (row === 5 ? 'forged' : 'match'))],
      [[own], [accuse(5, 'cpu/fp32')]],
    ),
  ]
}
