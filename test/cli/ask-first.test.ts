import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { askFirst } from '../../cli/ask-first.ts'
import type { ShoalError } from '../../protocol/errors.ts'

const asking = suite('the three questions')
const LIMIT_MS = 10_000
const CID = 'bafyreigegskpuv5ayibmkedxfoxotmed4repmrhwhhdqibg334urfvbsei'

/** Type an answer whenever something is asked; after the last one, end the input. */
async function answer(...answers: string[]) {
  const input = new PassThrough()
  const output = new PassThrough()
  let shown = ''
  output.on('data', (bytes) => {
    shown += bytes
    if (/\[\w+\] $/.test(String(bytes)))
      answers.length > 0 ? input.write(`${answers.shift()}\n`) : input.end()
  })
  const given = await askFirst({ input, output }, tmpdir(), AbortSignal.timeout(LIMIT_MS))
  return { given, shown, left: answers.length }
}

asking('Enter alone takes what is sensible', async () => {
  const { given, shown } = await answer('', '', '')
  const { campaign, threads, disk, ...others } = given
  assert.is(campaign, 'demo')
  assert.ok(Number(threads) >= 1)
  assert.match(disk ?? '1GB', /^\d+GB$/)
  assert.equal(others, {})
  assert.is(shown.match(/^\d\. /gm)!.length, 3)
})

asking('answers become settings', async () => {
  const peer = '/ip4/192.0.2.1/tcp/4631/p2p/12D3KooWJBZsyouTHHQFtrtVkvds4TsJusvysLjQx1CtD7WYGNo6'
  assert.equal((await answer(`${CID} ${peer}`, 'nights', 'https://who.example/me')).given, {
    ...{ campaign: CID, peer, hours: '22-6', contact: 'https://who.example/me' },
  })
  assert.equal((await answer('demo', 'threads=2 disk=50GB', 'none')).given, {
    ...{ campaign: 'demo', threads: '2', disk: '50GB' },
  })
  assert.equal((await answer('demo', 'all', '')).given, { campaign: 'demo' })
})

asking('a file is found again from wherever the node is started', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'shoal-ask-'))
  const before = process.cwd()
  try {
    writeFileSync(join(dir, 'a.warc'), '')
    process.chdir(dir)
    assert.is((await answer('a.warc', 'all', '')).given.campaign, join(process.cwd(), 'a.warc'))
  } finally {
    process.chdir(before)
    rmSync(dir, { recursive: true })
  }
})

asking('what can not be meant is asked again, with the reason', async () => {
  const { given, shown, left } = await answer(
    'a.warc',
    'demo',
    'contact=x',
    'threads=0',
    'half',
    'me',
    'me@mail.example',
  )
  assert.is(given.contact, 'me@mail.example')
  assert.is(left, 0)
  for (const reason of [
    /neither a campaign's CID/,
    /no setting "contact"/,
    /threads "0" is not/,
    /as me@mail/,
  ])
    assert.match(shown, reason)
})

asking('it gives up after some answers, and where nobody answers', async () => {
  for (const answers of [Array(9).fill('?'), ['demo']]) {
    const fault = await answer(...answers).catch((error: ShoalError) => error)
    assert.match((fault as ShoalError).code, /^(campaign_named|setup_given_up)$/)
  }
})

asking.run()
