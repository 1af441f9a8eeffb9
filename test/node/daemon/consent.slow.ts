import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeCampaign, openCampaign, signCampaign } from '../../../node/campaigns/campaigns.ts'
import { chooseConsent } from '../../../node/choose-consent.ts'
import { openTools } from '../../../node/daemon/tools.ts'
import { openHome } from '../../../node/home.ts'
import { playWeb } from '../../../node/play-web.ts'
import { openScorer } from '../../../node/score/score.ts'
import { openWeb } from '../../../node/web/web.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { gzipEach, httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'
import { withXmp, xmpPacket } from '../images/opted-out-files.ts'

const test = suite('daemon: consent')
const PROHIBITED = xmpPacket('<plus:DataMining>DMI-PROHIBITED</plus:DataMining>')

test("a campaign's tools heed what its manifest names, and record the rest", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-consent-'))
  await using opened = new AsyncDisposableStack()
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  const home = await openHome(dir)
  opened.defer(() => home.close())
  const scorer = await openScorer(undefined, { cacheDir: dir, threads: 1 })
  await scorer.close()
  const picture = await withXmp('png', PROHIBITED)
  const server = createServer(({ url = '' }, response) => {
    if (url === '/ai.txt') return void response.end('Disallow: /')
    if (url.endsWith('.png')) return void response.end(picture)
    response.writeHead(404).end()
  })
  opened.defer(async () => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const loopback = { hosts: { 'a.example': `127.0.0.1:${(server.address() as AddressInfo).port}` } }
  const file = join(dir, 'a.warc.gz')
  const page =
    '<meta name=robots content=noai><img src="http://a.example/a.png" alt="a picture of something">'
  await writeFile(
    file,
    gzipEach([warcinfo(), warcRecord(httpResponse(page, { 'Content-Usage': 'train-ai=n' }))]),
  )
  const web = openWeb(playWeb(loopback).web)
  opened.defer(() => web.close())

  /** Where the page's candidate, its fetch and its decoding end. */
  async function endsOf(...without: string[]) {
    const { campaign: id } = await signCampaign(home, {
      ...{ name: 'c', contact: 'a@example.org', rules: PRESETS['laion-5b']!, model: scorer.model },
      sources: [{ kind: 'warc', base: '', entries: [file], parts: 1 }],
      consent: chooseConsent(without),
    })
    const campaign = await openCampaign(home.store, id)
    assert.equal(
      describeCampaign(id, campaign).consent.ignored.map((name) => name.toLowerCase()),
      without.map((name) => name.toLowerCase()),
    )
    const options = { dataDir: dir, threads: 1, offline: false, model: null, loopback, clock: Date.now }
    const { crawl, images, close } = await openTools(campaign, options, { web, onBackOff() {} })
    try {
      const { rules } = campaign.pipeline
      const source = { kind: 'warc', location: file, name: 'a', part: { index: 0, count: 1 } } as const
      const ends: (string | null)[] = []
      for await (const { pages } of crawl.extract(source, rules))
        ends.push(...pages.flatMap(({ candidates }) => candidates.map(({ outcome }) => outcome)))
      const fetched = await images.fetch('http://a.example/a.png')
      ends.push(fetched.ok ? fetched.image.signals.at(-1)! : fetched.outcome)
      const anySize = { ...rules, image: { ...rules.image, minBytes: 0 } }
      const decoded = await images.decode(picture, scorer.geometry, anySize)
      ends.push(decoded.ok ? decoded.image.signals.join() : decoded.outcome)
      return ends
    } finally {
      await close()
    }
  }

  assert.equal(await endsOf('ai.txt', 'XMP'), ['optout_page', 'ai.txt: disallow *', 'xmp: DMI-PROHIBITED'])
  assert.equal(await endsOf('meta robots', 'AIPREF'), [null, 'optout_site', 'optout_image'])
})

test.run()
