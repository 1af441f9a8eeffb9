import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressOf, crawlPictures, fileOf, PICTURES } from '../node/search/picture-crawl.ts'
import { type Ended, runShoal } from './run-shoal.ts'

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
    assert.match((await run('search', '--url', penguin)).text, /^Nothing in/)

    const other = join(dir, 'forged.json')
    const changed = JSON.parse(await readFile(file, 'utf8')) as { record: string }
    await writeFile(
      other,
      JSON.stringify({ ...changed, record: changed.record.replace(/.{9}$/, 'AAAAAAAAA') }),
    )
    // these need no data, so that they may run at once
    const [verified, forged] = (await Promise.all(
      [file, other].map((path) =>
        runShoal(['removals', 'verify', path, '--json', '--data', join(dir, path === file ? 'a' : 'b')]),
      ),
    )) as [Ended, Ended]
    const said = JSON.parse(verified.stdout)
    assert.equal([said.verified, said.request, said.subjects.length], [true, request, 2])
    assert.is(forged.status, 1)
    assert.match(forged.stderr, /^error \((?:envelope|codec)_/)

    const review = await run('removals', 'review')
    assert.match(review.text, /1 request for you to decide/)
    assert.ok(review.text.includes(`    ${addressOf(PICTURES['a frog'])}\n`), 'what a hash means is told')
    const confirmed = await run('removals', 'review', request!, '--confirm')
    assert.match(confirmed.text, /removed for good/)
  } finally {
    await rm(dir, { recursive: true })
  }
})

requests.run()
