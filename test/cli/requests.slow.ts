import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressOf, crawlPictures, fileOf, PICTURES } from '../node/search/picture-crawl.ts'
import { runShoal } from './run-shoal.ts'

const requests = suite('commands on requests for removal')

requests('found, opted out, hidden, receipted, reviewed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-request-commands-'))
  try {
    const data = join(dir, 'data')
    await crawlPictures(dir, data, 'first.warc.gz', PICTURES)
    const run = async (...args: string[]) => {
      const { status, stdout, stderr } = await runShoal([...args, '--data', data])
      return { status, text: stdout + stderr, last: () => JSON.parse(stdout.trimEnd().split('\n').at(-1)!) }
    }
    const penguin = addressOf(PICTURES['a penguin'])
    const found = await run('search', '--url', penguin)
    assert.match(found.text, /by 12D3Koo\w+ on \d{4}-\d\d-\d\d/)
    assert.match(found.text, /To have one removed: shoal optout --uid [0-9a-f]{32}/)

    const file = join(dir, 'receipt.json')
    const asked = await run('optout', '--url', penguin, '--image', fileOf(PICTURES['a frog']), '--out', file)
    assert.is(asked.status, 0, asked.text)
    assert.match(asked.text, /hidden until/)
    assert.match(asked.text, /_shoal\.img\.pictures\.example: {2}shoal-removal=[a-z2-7]{26}/)
    const [, request] = /Request ([a-z2-7]{26})/.exec(asked.text)!
    for (const url of [penguin, addressOf(PICTURES['a frog'])])
      assert.match((await run('search', '--url', url)).text, /^Nothing in/)

    const verified = (await run('removals', 'verify', file, '--json')).last()
    assert.equal([verified.verified, verified.request, verified.subjects.length], [true, request, 2])
    const changed = JSON.parse(await readFile(file, 'utf8')) as { record: string }
    await writeFile(
      file,
      JSON.stringify({ ...changed, record: changed.record.replace(/.{9}$/, 'AAAAAAAAA') }),
    )
    const forged = await run('removals', 'verify', file)
    assert.is(forged.status, 1)
    assert.match(forged.text, /^error \((?:envelope|codec)_/)

    assert.match((await run('removals', 'review')).text, /1 request for you to decide/)
    const confirmed = await run('removals', 'review', request!, '--confirm')
    assert.match(confirmed.text, /removed for good/)
    const status = (await run('removals', 'status', request!, '--json')).last()
    assert.equal(
      status.subjects.map(({ fate }: { fate: string }) => fate),
      ['removed', 'removed'],
    )
  } finally {
    await rm(dir, { recursive: true })
  }
})

requests.run()
