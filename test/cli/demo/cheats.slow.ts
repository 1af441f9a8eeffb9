import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CheatName, cheatAs } from '../../../cli/demo/cheats/cheats.ts'
import { SHOWN_CHEATS, type ShownCheat } from '../../../cli/demo/cheats/names.ts'
import { type Finding, recheckShard } from '../../../node/audit/audit.ts'
import { locateSource, openCampaign } from '../../../node/campaigns/campaigns.ts'
import { startToolbox } from '../../../node/daemon/toolbox.ts'
import { type Home, openHome } from '../../../node/home.ts'
import { verifySignature } from '../../../node/identity.ts'
import { type Ledger, openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { openLog } from '../../../node/log.ts'
import { manageCampaigns } from '../../../node/manage-campaigns.ts'
import type { Network } from '../../../node/network/network.ts'
import { readShard } from '../../../node/shard/shard.ts'
import { open } from '../../../protocol/envelope.ts'
import type { Campaign } from '../../../protocol/records/campaign.ts'
import { decodeShard } from '../../../protocol/records/shard.ts'
import { proofMessage } from '../../../protocol/records/verdict.ts'
import { hostPages, makePages } from '../../node/daemon/make-pages.ts'
import { listArchives, playCrawl } from '../../node/daemon/play-crawl.ts'

const FORGERIES = Object.keys(SHOWN_CHEATS) as ShownCheat[]
const SEGMENTS = FORGERIES.length + 4
const FOUND: Record<ShownCheat, string[]> = {
  scores: ['row_score'],
  texts: ['row_text'],
  rows: ['row_absent'],
  withhold: ['row_withheld'],
  drop: ['row_score'],
  optouts: ['row_outcome'],
  model: ['row_score', 'row_threshold', 'row_embedding'],
  grind: ['row_score'],
}

const cheats = suite('cheats')
let dir = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>
let home: Home
let ledger: Ledger
let toolbox: ReturnType<typeof startToolbox>
let id: CID
let campaign: Campaign
let cheat: CheatName | null = null
let produce: (segment: number) => Promise<{ manifest: string; envelope: Uint8Array }>

cheats.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-cheats-'))
  crawl = await playCrawl()
  const list = join(dir, 'list.txt')
  await writeFile(list, listArchives('cheat', SEGMENTS).join('\n'))
  const archives = Array.from({ length: SEGMENTS }, (_, i) => `cheat-${i}`)
  for (const archive of archives) crawl.give(archive, makePages(archive))
  const hosts = { ...crawl.hosts, ...hostPages(archives, crawl.to) }
  home = await openHome(dir)
  ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  const created = await manageCampaigns(home, ledger, dir).create({
    ...{ name: 'cheated', contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
    ...{ files: [list], kind: null, base: crawl.base, parts: 1, audit: {} },
  })
  id = CID.parse(created.campaign)
  campaign = await openCampaign(home.store, id)
  const options = {
    ...{ dataDir: dir, threads: 1, offline: false, model: null, clock: Date.now, bytesPerSecond: null },
    ...{ loopback: { hosts }, log: openLog('silent', 'stderr') },
  }
  const network = { publish: async () => {} } as unknown as Network
  toolbox = startToolbox({ ledger, network, signer: home.signer, clock: Date.now }, options)
  const { startProducer } = cheatAs(() => cheat, { share: 0.3, most: () => SEGMENTS, clock: Date.now })
  const producer = startProducer!(home, toolbox, options)
  const running = { signal: new AbortController().signal, onProgress() {} }
  produce = (segment) => producer.produce({ id, campaign, segment }, running)
})

cheats.after(async () => {
  await toolbox.close()
  await ledger.close()
  await home.close()
  await crawl.close()
  await rm(dir, { recursive: true })
})

/** The shard that this node makes of a segment when it cheats so, and what an audit of it finds. */
async function makeAndAudit(
  how: CheatName | null,
  segment: number,
): Promise<{ rows: number; findings: Finding[] }> {
  cheat = how
  const { manifest } = await produce(segment)
  const shard = await readShard(home, CID.parse(manifest))
  const source = await locateSource(home.blocks, campaign, segment)
  return toolbox.use(id, campaign, async (tools) => {
    const job = { shard, campaign, source, threads: 1, offline: false }
    const proof = await home.signer.sign(proofMessage(shard.cid))
    const { findings } = await recheckShard(tools, job, proof)
    return { rows: shard.manifest.counts.candidates, findings }
  })
}

const codes = (findings: Finding[], wanted: Finding['finding']) => [
  ...new Set(findings.filter(({ finding }) => finding === wanted).map(({ code }) => code)),
]

for (const [segment, name] of FORGERIES.entries())
  cheats(`${name}: the shard is well-formed, and an audit finds it forged`, async () => {
    const { findings } = await makeAndAudit(name, segment)
    const found = codes(findings, 'forged')
    assert.ok(found.length > 0, 'nothing is found')
    for (const code of found) assert.ok(FOUND[name].includes(code!), `${code}`)
    if (name !== 'model' && name !== 'withhold')
      assert.ok(findings.some(({ finding }) => finding === 'match'))
  })

cheats('honest work is not found forged', async () => {
  const { rows, findings } = await makeAndAudit(null, FORGERIES.length)
  assert.equal(codes(findings, 'forged'), [])
  assert.ok(rows > 12)
})

cheats('dead: nothing is proven, but rows are back that were said to be gone', async () => {
  const { findings } = await makeAndAudit('dead', FORGERIES.length + 1)
  assert.equal(codes(findings, 'forged'), [])
  assert.equal(codes(findings, 'unverifiable'), ['image_back'])
})

cheats('fork: two shards have one place', async () => {
  cheat = 'fork'
  const shards = []
  for (const segment of [FORGERIES.length + 2, FORGERIES.length + 3]) {
    const { envelope } = await produce(segment)
    shards.push(decodeShard(await open(envelope, verifySignature)))
  }
  const [one, other] = shards
  assert.is(one!.seq, other!.seq)
  assert.not(one!.manifest.equals(other!.manifest))
})

cheats.run()
