import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { joinNamed, readCampaigns } from '../../cli/join-named.ts'
import type { CampaignStanding } from '../../node/manage-campaigns.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { codeOf } from '../protocol/fault.ts'

const naming = suite('what --campaign names')
const A = 'bafyreigegskpuv5ayibmkedxfoxotmed4repmrhwhhdqibg334urfvbsei'
const B = 'bafyreibvym4gw2gmwvf4hwp7tr6svx7an3voeth2l3xkfcx62sr2fwhvqu'

naming('CIDs, files and the demo are told apart', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'shoal-named-'))
  try {
    const odd = join(dir, 'a, b.warc')
    const plain = join(dir, 'c.wat.gz')
    for (const file of [odd, plain]) writeFileSync(file, '')
    assert.equal(readCampaigns(undefined), { cids: [], files: [], demo: false })
    assert.equal(readCampaigns('demo'), { cids: [], files: [], demo: true })
    assert.equal(readCampaigns(`${A},${plain}`), { cids: [A], files: [plain], demo: false })
    assert.equal(readCampaigns(odd), { cids: [], files: [odd], demo: false })
    for (const text of ['demo,demo', `demo,${A}`, 'https://crawl.example/a.warc', join(dir, 'gone.warc')])
      assert.is(await codeOf(() => readCampaigns(text)), 'campaign_named', text)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

naming('a campaign that nobody has yet is asked for until somebody has', async () => {
  const asked: string[] = []
  const said: string[] = []
  const silent = () => {}
  const ending = new AbortController()
  const daemon = {
    list: () => [{ campaign: B } as CampaignStanding],
    join: async (cid: string) => {
      asked.push(cid)
      if (asked.length < 3) throw new ShoalError('campaign_unfound', 'nobody')
      return { name: 'Many\u001b[31m pictures', segments: 2 } as CampaignStanding
    },
  }
  await joinNamed(daemon, [A, B], {
    output: { print: (line = '') => said.push(line) },
    log: { info: silent, warn: silent },
    ...{ signal: ending.signal, againMs: 1 },
  })
  assert.equal(asked, [A, A, A])
  assert.is(said.length, 2)
  assert.match(said[0]!, /Nobody here has campaign bafy/)
  assert.match(said[1]!, /takes part in Many.* pictures, of 2 segments/)
  assert.not.match(said[1]!, /\u001b/)
  ending.abort()
  asked.length = 0
  await joinNamed(daemon, [A], {
    output: { print: () => {} },
    log: { info: silent, warn: silent },
    ...{ signal: ending.signal, againMs: 1 },
  })
  assert.equal(asked, [])
})

naming.run()
