import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home, openHome } from '../../../node/home.ts'
import type { Ledger } from '../../../node/ledger/ledger.ts'
import { type OpenShard, readRows } from '../../../node/search/read-rows.ts'
import { traceRow } from '../../../node/search/whois.ts'
import type { Sealed } from '../../../protocol/envelope.ts'
import { DEFAULT_AUDIT } from '../../../protocol/records/campaign.ts'
import {
  countFindings,
  type Finding,
  makeVerdict,
  packFindings,
  proofMessage,
  ruleOn,
} from '../../../protocol/records/verdict.ts'
import type { ShardState } from '../../../protocol/rules/quorum.ts'
import { sampleCounts } from '../../../protocol/rules/sample.ts'
import { makeSigner } from '../ledger/make-records.ts'
import { publishSample } from '../shard/sample.ts'

const test = suite('whois')
const ROWS = 30
let dir = ''
let home: Home
let shard: OpenShard

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-whois-'))
  const sample = await publishSample(dir, 2 * ROWS)
  await sample.store.close()
  await rename(join(dir, 'store'), join(dir, 'db'))
  home = await openHome(dir)
  shard = await readRows(home, () => new Map())(sample.manifest)
})
test.after(async () => {
  await home.close()
  await rm(dir, { recursive: true, force: true })
})

async function sealVerdict(verifier: number, accused: number[]): Promise<Sealed> {
  const signer = makeSigner(verifier)
  const frames = { kept: ROWS, dropped: ROWS }
  const sampled = sampleCounts(frames, DEFAULT_AUDIT.samples)
  const findings = Array.from(
    { length: sampled.kept + sampled.dropped + sampled.source },
    (_, i): Finding => (i < accused.length ? 'forged' : 'match'),
  )
  const { matched, unverifiable, forged } = countFindings(findings)
  return makeVerdict(
    {
      ...{ campaign: shard.manifest.campaign, manifest: shard.cid, segment: 0, producer: shard.record.peer },
      ...{ epoch: 1, deviceClass: 'cpu/fp32', frames, sampled, findings: packFindings(findings) },
      proof: new Uint8Array(await signer.sign(proofMessage(shard.cid))),
      ...{ matched, unverifiable, rechecked: [], ruling: ruleOn({ matched, unverifiable, forged }, []) },
      forged: accused.map((row) => ({ frame: 'kept', row, code: 'row_text', found: {} })),
    },
    signer,
  )
}

/** A ledger that knows these verdicts, and judges so. */
function ledgerOf(state: ShardState, verdicts: Sealed[]): Ledger {
  return {
    campaigns: () => [{ id: shard.manifest.campaign }],
    judgements: async () => ({ shard: () => ({ state }) }),
    verdictsOf: async () => verdicts.map(({ id }) => ({ id })),
    find: async (id: Sealed['id']) => verdicts.find((one) => one.id.equals(id))?.bytes ?? null,
  } as unknown as Ledger
}

async function trace(row: number, ledger: Ledger) {
  const cells = (await shard.row(row))!
  const { ok, steps } = await traceRow({ home, ledger }, { uid: cells.uid as string, shard, row, cells })
  return { ok, told: steps.filter(({ name }) => name === 'verdict' || name === 'state'), steps }
}

test('tells the verdicts, and what they say of the very row', async () => {
  const good = await sealVerdict(1, [])
  const verified = await trace(3, ledgerOf('verified', [good]))
  assert.is(verified.ok, true)
  assert.equal(
    verified.told.map(({ ok }) => ok),
    [true, true],
  )
  assert.match(verified.told[1]!.said, /^good: 75 rows match, 0 unverifiable, 0 accused; looked at this row$/)

  const bad = await sealVerdict(2, [3])
  const disputed = await trace(3, ledgerOf('disputed', [good, bad]))
  assert.is(disputed.ok, false)
  assert.equal(
    disputed.told.map(({ ok }) => ok),
    [null, true, false],
  )
  assert.match(disputed.told[2]!.said, /^forged: .*1 accused; accuses this row: row_text$/)
  assert.is((await trace(4, ledgerOf('refused', []))).ok, false)
  assert.is((await trace(4, ledgerOf('unaudited', []))).ok, true)
})

test('a row that is not what its uid says, or was not kept, does not hold', async () => {
  const cells = (await shard.row(5))!
  const uid = cells.uid as string
  const failing = async (changes: object) => {
    const found = { uid, shard, row: 5, cells: { ...cells, ...changes } }
    const { steps } = await traceRow({ home, ledger: ledgerOf('verified', []) }, found)
    return steps.filter(({ ok }) => ok === false).map(({ name }) => name)
  }
  assert.equal(await failing({}), [])
  assert.equal(await failing({ text: 'another' }), ['pair'])
  assert.equal(await failing({ hash: '0'.repeat(32) }), ['pair'])
  assert.equal(await failing({ similarity: 0.99 }), ['source'])
  assert.equal(await failing({ warc_offset: 7n }), ['pair', 'source'])
})

test.run()
