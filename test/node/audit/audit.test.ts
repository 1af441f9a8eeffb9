import { hash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AuditJob, recheckRows, replayVerdict, toVerdict } from '../../../node/audit/audit.ts'
import { startCrawl } from '../../../node/crawl/crawl.ts'
import { verifySignature } from '../../../node/identity.ts'
import { open } from '../../../protocol/envelope.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { decodeVerdict, makeVerdict, type Verdict } from '../../../protocol/records/verdict.ts'
import { codesOf, tally } from './count-findings.ts'
import { kept, type MadeShard, makeShard } from './made-shard.ts'

const audit = suite('audit')
let made: MadeShard

audit.before(async () => {
  made = await makeShard()
})
audit.after(() => made.close())

audit('an honest shard: every row matches, with other threads as well', async () => {
  const { findings, frames } = await made.recheck()
  const { kept, dropped } = frames
  assert.ok(kept > 10 && dropped > 20)
  assert.equal(tally(findings), { 'kept match': kept, 'dropped match': dropped, 'source match': 40 })
  const crawl = startCrawl({ threads: 1 })
  try {
    const again = await made.recheck({ ...made.job, threads: 1 }, { ...made.parts, crawl })
    assert.equal(tally(again.findings), tally(findings))
  } finally {
    await crawl.close()
  }
})

audit('what has changed on the web is no forgery', async () => {
  const expected = {
    dead: ['image_gone'],
    changed: ['image_changed'],
    refused: ['image_optout'],
    reserved: ['image_optout'],
    marked: ['image_optout'],
    reencoded: [],
  } as const
  for (const [mode, codes] of Object.entries(expected)) {
    made.setWeb(mode as keyof typeof expected)
    const images = made.startFetching()
    const { findings } = await made.recheck(made.job, { ...made.parts, images })
    await images.close()
    made.setWeb('same')
    assert.equal(codesOf(findings), [], mode)
    for (const code of codes) assert.ok(codesOf(findings, 'unverifiable').includes(code), mode)
    if (mode === 'reencoded') assert.ok(tally(findings)['kept alike']! > 5)
    // the archive's own do not change
    assert.ok(findings.some(({ frame, finding }) => frame === 'kept' && finding === 'match'))
  }
})

audit('a picture that was kept in spite of its own metadata is a forgery, where it is the same', async () => {
  made.setWeb('marked')
  const images = made.startFetching()
  try {
    const fetched = await images.fetch(kept(await made.rows(), 0).outcome.url)
    if (!fetched.ok) throw new Error(fetched.detail)
    const sha256 = hash('sha256', fetched.image.bytes)
    const job = await made.forge((rows) => {
      const { outcome, pair } = kept(rows, 0)
      outcome.sha256 = pair.sha256 = sha256
    })
    const { findings } = await made.recheck(job, { ...made.parts, images })
    assert.equal(codesOf(findings), ['row_outcome'])
    const forged = findings.find(({ finding }) => finding === 'forged')
    assert.equal([forged!.said.outcome, forged!.found.outcome], ['kept', 'optout_image'])
  } finally {
    made.setWeb('same')
    await images.close()
  }
})

audit('what only looks like a page of the segment accuses nobody', async () => {
  const records = await made.parts.crawl.openRecords(made.job.source, made.job.campaign.pipeline.rules)
  const found = await records.extractNext(made.nested)
  await records.close()
  assert.match(found!.pages[0]!.url, /nested/)
  const row = Number((BigInt(made.nested) * 2n ** 53n) / BigInt(records.end))
  const [finding] = await recheckRows(made.parts, made.job, [{ frame: 'source', row }])
  assert.is(finding!.finding, 'match')
})

audit('a source that is gone is nobody’s forgery; another model is an error', async () => {
  const source = { ...made.job.source, location: '/nowhere/made.warc.gz' }
  const { findings } = await made.recheck({ ...made.job, source })
  assert.equal(codesOf(findings, 'unverifiable'), ['source_gone'])
  assert.ok(findings.every(({ finding }) => finding === 'unverifiable'))
  const model = { ...made.job.campaign.pipeline.model, files: [] }
  const campaign = { ...made.job.campaign, pipeline: { ...made.job.campaign.pipeline, model } }
  await made.recheck({ ...made.job, campaign }).then(
    () => assert.unreachable(),
    (error) => assert.is((error as ShoalError).code, 'campaign_model'),
  )
})

audit('an audit can be given up, and tells how far it is', async () => {
  const aborter = new AbortController()
  let last = 0
  const job: AuditJob = {
    ...made.job,
    signal: aborter.signal,
    onProgress(done, total) {
      assert.ok(done === last + 1 && done <= total)
      last = done
      if (done === 20) aborter.abort(new Error('enough'))
    },
  }
  await made.recheck(job).then(
    () => assert.unreachable(),
    (error) => assert.is((error as Error).message, 'enough'),
  )
})

audit('verdicts: made, signed, replayed; a lie is found row by row', async () => {
  const job = await made.forge((rows) => {
    const { outcome, pair } = kept(rows, 0)
    outcome.similarity = pair.similarity = pair.similarity + 0.1
  })
  const { proof, ...found } = await made.recheck(job)
  const accused = found.findings.filter(({ finding }) => finding === 'forged')
  assert.is(accused.length, 1)
  const again = await recheckRows(made.parts, job, [
    accused[0]!,
    { frame: 'kept', row: 1 },
    { frame: 'kept', row: 9_999 },
  ])
  assert.equal(
    again.map(({ finding }) => finding),
    ['forged', 'match', 'match'],
  )
  const fields = toVerdict(found, again, {
    ...{ shard: job.shard, campaign: job.shard.manifest.campaign, producer: made.identity.publicKey },
    ...{ epoch: 20_000, proof, deviceClass: made.parts.scorer.deviceClass },
  })
  assert.is(fields.ruling, 'forged')
  const verdict = await sealed(fields)
  assert.is(verdict.forged[0]!.code, 'row_score')
  assert.type(verdict.forged[0]!.found.similarity, 'number')
  const replay = await replayVerdict(made.parts, job, verdict)
  assert.ok(replay.rows.every(({ contradicts, theirs, ours }) => !contradicts && theirs === ours.finding))
  assert.ok(replay.rechecked.every(({ contradicts }) => !contradicts))

  const liar = found.findings.map((one) => ({ ...one, finding: 'match' as const, code: null }))
  const lie = await sealed(toVerdict({ ...found, findings: liar }, [], { shard: job.shard, ...fields }))
  assert.is(lie.ruling, 'good')
  const caught = (await replayVerdict(made.parts, job, lie)).rows.filter(({ contradicts }) => contradicts)
  assert.equal(
    caught.map(({ theirs, ours }) => [theirs, ours.frame, ours.row, ours.code]),
    [['match', 'kept', accused[0]!.row, 'row_score']],
  )

  // an accusation of somebody who looked away, and one that another class of device may have had cause for
  const row = found.findings.findIndex(({ frame, finding }) => frame === 'kept' && finding === 'match')
  const slander = await sealed(
    toVerdict(
      {
        ...found,
        findings: found.findings.map((one, i) =>
          i === row ? { ...one, finding: 'forged', code: 'row_score', found: { similarity: 0.9 } } : one,
        ),
      },
      [],
      { shard: job.shard, ...fields },
    ),
  )
  const said = (await replayVerdict(made.parts, job, slander)).rows.filter(({ contradicts }) => contradicts)
  assert.equal(
    said.map(({ theirs, ours }) => [theirs, ours.finding]),
    [['forged', 'match']],
  )
  await replayVerdict(made.parts, job, { ...lie, proof: new Uint8Array(64) }).then(
    () => assert.unreachable(),
    (error) => assert.is((error as ShoalError).code, 'verdict_proof'),
  )
})

async function sealed(fields: Omit<Verdict, 'verifier'>): Promise<Verdict> {
  const { bytes } = await makeVerdict(fields, made.identity)
  return decodeVerdict(await open(bytes, verifySignature))
}

audit.run()
