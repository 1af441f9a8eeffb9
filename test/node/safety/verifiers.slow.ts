import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AuditJob, recheckShard } from '../../../node/audit/audit.ts'
import { chooseRules } from '../../../node/choose-rules.ts'
import type { Gate, SegmentSource } from '../../../node/components.ts'
import { startCrawl } from '../../../node/crawl/crawl.ts'
import { type Home, openHome } from '../../../node/home.ts'
import { verifySignature } from '../../../node/identity.ts'
import { startImages } from '../../../node/images/images.ts'
import { playWeb } from '../../../node/play-web.ts'
import { produceShard } from '../../../node/produce-shard.ts'
import { guardWeb, openGate } from '../../../node/safety/safety.ts'
import { openScorer } from '../../../node/score/score.ts'
import { makeJob } from '../../../node/segment-job.ts'
import { readShard } from '../../../node/shard/shard.ts'
import { openWeb } from '../../../node/web/web.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { open } from '../../../protocol/envelope.ts'
import {
  DEFAULT_AUDIT,
  decodeCampaign,
  makeCampaign,
  pipelineId,
} from '../../../protocol/records/campaign.ts'
import { proofMessage } from '../../../protocol/records/verdict.ts'
import { CONSENT_SIGNALS } from '../../../protocol/rules/consent.ts'
import { packSubjects, type SubjectKind, subjectHash } from '../../../protocol/rules/remove.ts'
import { type PlantedCrawl, plantCrawl } from './planted-crawl.ts'

const verifiers = suite('verifiers of what is withheld')
const stack = new AsyncDisposableStack()
let dir = ''
let made: PlantedCrawl
let home: Home
let source: SegmentSource
let scorer: Awaited<ReturnType<typeof openScorer>>
let campaign: ReturnType<typeof decodeCampaign>
let id: CID

verifiers.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-withheld-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  made = await plantCrawl()
  stack.defer(() => made.close())
  const location = join(dir, 'made.warc.gz')
  await writeFile(location, made.warc)
  await writeFile(join(dir, 'list.jsonl'), made.list)
  source = { kind: 'warc', location, name: 'made.warc.gz', part: { index: 0, count: 1 } }
  home = await openHome(join(dir, 'home'))
  stack.defer(() => home.close())
  scorer = await openScorer(undefined, { cacheDir: dir, threads: 1 })
  stack.defer(() => scorer.close())
  const sealed = await makeCampaign(
    {
      ...{ name: 'planted', contact: 'test@example.org', custodians: [] },
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: 1, parts: 1 }],
      pipeline: {
        model: scorer.model,
        rules: chooseRules({ preset: 'laion-5b', threshold: -1 }, scorer),
        consent: [...CONSENT_SIGNALS],
        safety: { tags: null, heads: [] },
      },
      audit: { ...DEFAULT_AUDIT, samples: 100 },
      trust: { mode: 'open', operators: [] },
    },
    home.signer,
  )
  id = sealed.id
  campaign = decodeCampaign(await open(sealed.bytes, verifySignature))
})
verifiers.after(() => stack.disposeAsync())

/** What a node works with that has this gate, and what it had decoded. */
function openTools(gate: Gate | null) {
  const played = playWeb({ hosts: made.hosts })
  const web = openWeb(played.web)
  const images = startImages({
    ...{ threads: 1, userAgent: 'Shoal-test/1', limits: played.limits },
    politeness: { hostGapMs: 0 },
    web: gate === null ? web : guardWeb(web, gate),
  })
  const crawl = startCrawl({ threads: 1 })
  const decoded = new Set<string>()
  const decode: typeof images.decode = (bytes, ...rest) => {
    decoded.add(hash('sha256', bytes))
    return images.decode(bytes, ...rest)
  }
  return {
    ...{ crawl, scorer, gate, decoded },
    images: { ...images, decode },
    async [Symbol.asyncDispose]() {
      await Promise.all([crawl.close(), images.close(), web.close()])
    },
  }
}

const gateOf = (removed: { [Kind in SubjectKind]?: Uint8Array[] } = {}) => {
  const subjects = packSubjects({ pair: [], url: [], origin: [], image: [], ...removed })
  return openGate(home.blocklists, { inForce: async () => ({ subjects }), onChange: () => () => {} }, id)
}

async function produce(tools: ReturnType<typeof openTools>, run: string): Promise<AuditJob> {
  const { manifest } = await produceShard(
    { ...home, ...tools },
    makeJob({ source, bytes: null, fingerprint: run }, id, campaign.pipeline, {
      ...{ clock: () => 1_800_000_000_000, offline: false, duplicatesWithin: 'segment' },
    }),
    { campaign: id, segment: 0, pipeline: pipelineId(campaign.pipeline), software: `shoal/${run}` },
    { threads: 1, workDir: join(dir, 'work'), onProgress() {} },
  )
  await home.store.runs.clear()
  const shard = await readShard(home, CID.parse(manifest))
  return { shard, campaign, source, threads: 1, offline: false }
}

async function recheck(tools: ReturnType<typeof openTools>, job: AuditJob) {
  const { findings } = await recheckShard(tools, job, await home.signer.sign(proofMessage(job.shard.cid)))
  const counts: Record<string, number> = {}
  for (const { frame, finding, code } of findings)
    if (frame !== 'source')
      counts[`${finding} ${code ?? ''}`.trim()] = (counts[`${finding} ${code ?? ''}`.trim()] ?? 0) + 1
  return { findings, counts }
}

async function countOutcomes({ shard }: AuditJob) {
  const counts: Record<string, number> = {}
  for await (const group of shard.outcomes.groups())
    for (const { outcome } of group) counts[outcome as string] = (counts[outcome as string] ?? 0) + 1
  return counts
}

verifiers('find nothing wrong, ask nobody, and tell nothing', async () => {
  await home.blocklists.add(join(dir, 'list.jsonl'), null)
  const gate = await gateOf()
  await using tools = openTools(gate)
  const job = await produce(tools, 'listed')
  assert.equal(await countOutcomes(job), { kept: made.free.length, withheld: made.withheld })
  for (const one of tools.decoded) assert.not.ok(made.listedFiles.has(one), 'a listed file was decoded')
  assert.ok(tools.decoded.size > 0)
  // one that knows no list
  await using others = openTools(null)
  made.requests.length = 0
  const { findings, counts } = await recheck(others, job)
  assert.equal(counts, { match: made.free.length, 'unverifiable row_private': made.withheld })
  assert.not.match(made.requests.join(), /planted/)
  assert.not.match(JSON.stringify(findings), /planted|bad\.example/)
})

verifiers('that have a list themselves do not ask for what others kept', async () => {
  await home.blocklists.remove('list')
  await using producer = openTools(null)
  const job = await produce(producer, 'unlisted')
  assert.is((await countOutcomes(job)).withheld, undefined)
  await home.blocklists.add(join(dir, 'list.jsonl'), 'again')
  await using tools = openTools(await gateOf())
  made.requests.length = 0
  const { counts } = await recheck(tools, job)
  assert.equal(
    Object.keys(counts).filter((name) => name.startsWith('forged')),
    [],
  )
  assert.ok(counts['unverifiable row_private']! >= 10, JSON.stringify(counts))
  assert.not.match(made.requests.join(), /listed\.example|hashed\.example|bad\.example/)
  for (const one of tools.decoded) assert.not.ok(made.listedFiles.has(one), 'a listed file was decoded')
  await home.blocklists.remove('again')
})

verifiers('accept what is removed as withheld, without a request for it', async () => {
  const sha = (bytes: Uint8Array) => new Uint8Array(hash('sha256', bytes, 'buffer'))
  const gate = await gateOf({
    url: [subjectHash('url', made.free[0]!, sha)!],
    origin: [subjectHash('origin', 'files.example', sha)!],
  })
  await using tools = openTools(gate)
  made.requests.length = 0
  const job = await produce(tools, 'removed')
  const { withheld } = await countOutcomes(job)
  assert.is(withheld, 1 + 8)
  assert.not.ok(made.requests.includes(made.free[0]!))
  assert.not.match(made.requests.join(), /files\.example/)
  await using others = openTools(null)
  const { counts } = await recheck(others, job)
  assert.is(counts['unverifiable row_private'], withheld)
  assert.equal(
    Object.keys(counts).filter((name) => name.startsWith('forged')),
    [],
  )
})

verifiers.run()
