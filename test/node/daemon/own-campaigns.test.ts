import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openOwnCampaigns } from '../../../node/daemon/own-campaigns.ts'
import { type Home, openHome } from '../../../node/home.ts'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { manageCampaigns } from '../../../node/manage-campaigns.ts'
import { parseCampaign } from '../../../node/parse-cid.ts'
import { codeOf } from '../../protocol/fault.ts'

const own = suite('campaigns of this machine alone')
const RULES = { preset: 'laion-5b', threshold: null, model: null, contact: null, name: null, kind: null }
let dir: string
let home: Home

own.before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'shoal-own-'))
  home = await openHome(join(dir, 'data'))
})
own.after(async () => {
  await home.close()
  rmSync(dir, { recursive: true })
})

async function withCampaigns<T>(
  use: (campaigns: ReturnType<typeof manageCampaigns>) => Promise<T>,
): Promise<T> {
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  try {
    return await use(manageCampaigns(home, ledger, join(dir, 'data')))
  } finally {
    await ledger.close()
  }
}

own('own files are found where their owner named them, after a restart as well', async () => {
  mkdirSync(join(dir, 'crawl', 'wat'), { recursive: true })
  const files = [join(dir, 'crawl', 'wat', 'b.wat'), join(dir, 'crawl', 'a.warc')]
  for (const file of files) writeFileSync(file, '')
  await withCampaigns(async ({ createOf, show }) => {
    const opened = await openOwnCampaigns(home)
    const { campaign, segments, sources } = await opened.create({ ...RULES, files, hosts: null }, createOf)
    assert.is(segments, 2)
    assert.ok(sources.every(({ base }) => base === ''))
    assert.is((await opened.create({ ...RULES, files, hosts: null }, createOf)).campaign, campaign)
    const id = parseCampaign(campaign)
    const again = await openOwnCampaigns(home)
    assert.ok(again.has(id) && again.isHere(id))
    assert.is(again.hostsOf(id), null)
    const signed = { sources: (await show(campaign)).sources } as never
    const first = await again.locate(id, signed, 0)
    assert.is(first.source.location, files[1])
    assert.is(first.source.name, 'a.warc')
    const second = await again.locate(id, signed, 1)
    assert.equal(
      [second.source.location, second.source.name, second.source.kind],
      [files[0], 'wat/b.wat', 'wat'],
    )
    utimesSync(files[1]!, 1, 1)
    assert.is.not((await again.locate(id, signed, 0)).fingerprint, first.fingerprint)
    assert.is(await codeOf(() => again.locate(id, signed, 2)), 'entry_missing')
    rmSync(files[0]!)
    assert.is(await codeOf(() => again.locate(id, signed, 0)), 'file_missing')
    await again.forget(id)
    assert.not((await openOwnCampaigns(home)).has(id))
  })
})

own('a web that is played is there as long as it is', async () => {
  const hosts = { 'crawl.example': '127.0.0.1:1' }
  await withCampaigns(async ({ createOf }) => {
    const opened = await openOwnCampaigns(home)
    const { campaign } = await opened.create(
      { ...RULES, name: 'played', files: ['http://crawl.example/a.warc'], hosts },
      createOf,
    )
    const id = parseCampaign(campaign)
    assert.equal(opened.hostsOf(id), hosts)
    assert.ok(opened.isHere(id))
    const later = await openOwnCampaigns(home)
    assert.ok(later.has(id))
    assert.not(later.isHere(id))
    assert.is(later.hostsOf(id), null)
  })
})

own("nobody's list makes this machine open its own files", async () => {
  const secret = join(dir, 'secret.warc')
  writeFileSync(secret, '')
  await withCampaigns(async ({ createOf, show }) => {
    const opened = await openOwnCampaigns(home)
    const { campaign } = await opened.create({ ...RULES, files: [secret], hosts: null }, createOf)
    // as another node sees the same campaign
    const id = parseCampaign(campaign)
    await opened.forget(id)
    const { sources } = await show(campaign)
    const { CID } = await import('multiformats/cid')
    const foreign = {
      sources: sources.map((source) => ({ ...source, list: CID.parse(source.list), count: 1 })),
    }
    assert.is(await codeOf(() => opened.locate(id, foreign as never, 0)), 'entry_address')
  })
})

own.run()
