import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type CampaignPlan,
  checkCampaign,
  describeCampaign,
  fetchLists,
  locateSource,
  readSources,
  signCampaign,
} from '../../../node/campaigns/campaigns.ts'
import { type Home, openHome } from '../../../node/home.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

type Source = CampaignPlan['sources'][number]

const campaigns = suite<{ dir: string; home: Home; other: Home }>('campaigns')

campaigns.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-campaigns-'))
  context.home = await openHome(join(context.dir, 'a'))
  context.other = await openHome(join(context.dir, 'b'))
})
campaigns.after(async ({ dir, home, other }) => {
  await home.close()
  await other.close()
  await rm(dir, { recursive: true, force: true })
})

const plan = (sources: CampaignPlan['sources']): CampaignPlan => ({
  ...{ name: 'test', contact: 'me@example.org', sources, rules: PRESETS['laion-5b']! },
  model: { repo: 'none', files: [{ path: 'model.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
})

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error) => error.code,
  )
}

campaigns('lists, gzipped or not, are told from archives', async ({ dir }) => {
  const paths = join(dir, 'wat.paths.gz')
  await writeFile(paths, gzipSync('crawl-data/x/1.warc.wat.gz\ncrawl-data/x/2.warc.wat.gz\n'))
  const plain = join(dir, 'mine.txt')
  await writeFile(plain, 'a/1.warc.gz\r\nhttps://example.org/2.warc.gz\r\n')
  const request = { kind: null, base: null, parts: 2 }
  assert.equal(await readSources({ ...request, files: [paths] }), [
    {
      ...{ kind: 'wat', base: 'https://data.commoncrawl.org/', parts: 2 },
      entries: ['crawl-data/x/1.warc.wat.gz', 'crawl-data/x/2.warc.wat.gz'],
    },
  ])
  assert.equal(await readSources({ ...request, files: [plain], base: 'http://127.0.0.1:1' }), [
    { kind: 'warc', base: 'http://127.0.0.1:1/', entries: ['a/1.warc.gz'], parts: 2 },
    { kind: 'warc', base: '', entries: ['https://example.org/2.warc.gz'], parts: 2 },
  ])
  const archive = join(dir, 'x.warc.gz')
  await writeFile(archive, '')
  assert.is(await codeOf(readSources({ ...request, files: [archive] })), 'base_missing')
  await writeFile(plain, 'a\u0000b.warc.gz\n')
  assert.is(await codeOf(readSources({ ...request, files: [plain] })), 'entry_address')
  await writeFile(plain, '\n\n')
  assert.is(await codeOf(readSources({ ...request, files: [plain] })), 'list_empty')
})

campaigns('a newcomer gets the lists block by block, and finds every segment', async ({ home, other }) => {
  // more than one block of a MiB
  const entries = Array.from({ length: 20_000 }, (_, i) => `${'x'.repeat(80)}/${i}.warc.gz`)
  const source = { kind: 'warc', base: 'http://127.0.0.1:1/', entries, parts: 3 } as const
  const { campaign: id, envelope } = await signCampaign(home, plan([source]))
  const campaign = await checkCampaign(id, envelope)
  const asked: string[] = []
  const fetchBlock = async (cid: CID) => {
    asked.push(cid.toString())
    return Buffer.concat(await Array.fromAsync(home.blocks.get(cid)))
  }
  await fetchLists(other.blocks, campaign, fetchBlock)
  assert.ok(asked.length > 2)
  assert.equal(await locateSource(other.blocks, campaign, 3 * 777 + 2), {
    ...{ kind: 'warc', location: `http://127.0.0.1:1/${entries[777]}`, name: entries[777] },
    part: { index: 2, count: 3 },
  })
  assert.is(await codeOf(locateSource(other.blocks, campaign, 60_000)), 'segment_range')
  const { campaign: another } = await signCampaign(home, { ...plan([source]), name: 'another' })
  assert.is(await codeOf(checkCampaign(another, envelope)), 'campaign_forged')
})

campaigns('custodians are named once and for all, and told after the organiser', async ({ home, other }) => {
  const source: Source = { kind: 'warc', base: '', entries: ['a.warc'], parts: 1 }
  const custodians = [other.signer.publicKey]
  const { campaign, envelope } = await signCampaign(home, { ...plan([source]), custodians })
  const checked = await checkCampaign(campaign, envelope)
  assert.equal(describeCampaign(campaign, checked).custodians, [home.signer.peerId, other.signer.peerId])
  const twice = signCampaign(home, { ...plan([source]), custodians: [...custodians, ...custodians] })
  assert.is(await codeOf(twice), 'campaign_field')
})

campaigns('no list makes a node open its own files', async ({ home }) => {
  const source: Source = { kind: 'warc', base: '', entries: ['/etc/passwd'], parts: 1 }
  const { campaign: id, envelope } = await signCampaign(home, plan([source]))
  assert.is(await codeOf(locateSource(home.blocks, await checkCampaign(id, envelope), 0)), 'entry_address')
})

campaigns('a list that nobody has, or of another length, is refused', async ({ home, other }) => {
  const source: Source = { kind: 'warc', base: '', entries: ['https://example.org/1.warc'], parts: 1 }
  const { campaign: id, envelope } = await signCampaign(home, plan([source]))
  const campaign = await checkCampaign(id, envelope)
  const longer = { ...campaign, sources: [{ ...campaign.sources[0]!, count: 2 }] }
  assert.is(await codeOf(fetchLists(other.blocks, campaign, async () => null)), 'block_missing')
  assert.is(await codeOf(fetchLists(home.blocks, longer, async () => null)), 'list_count')
})

campaigns.run()
