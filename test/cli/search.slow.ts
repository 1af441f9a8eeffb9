import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressOf, crawlPictures, fileOf, PICTURES } from '../node/search/picture-crawl.ts'
import { type Ended, runShoal, startShoal } from './run-shoal.ts'

const commands = suite('search and whois as processes')
let dir = ''
let data = ''

commands.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-cli-search-'))
  data = join(dir, 'data')
  await crawlPictures(dir, data, 'first.warc.gz', PICTURES)
})
commands.after(() => rm(dir, { recursive: true, force: true }))

const run = (...args: string[]) =>
  runShoal([...args, '--data', data], { NODE_COMPILE_CACHE: join(dir, 'compiled') })

const result = ({ status, stdout, stderr }: Ended) => {
  assert.is(status, 0, stderr)
  assert.is(stdout.trimEnd().split('\n').length, 1, 'one line')
  return JSON.parse(stdout)
}

/** What a person reads: plain text of at most 80 columns, but for commands to copy. */
function reads({ stdout }: Ended): string {
  for (const line of stdout.split('\n'))
    if (!/shoal (?:whois|fetch|optout)/.test(line)) assert.ok(stringWidth(line) <= 80, line)
  return stdout
}

async function searchAndTrace(): Promise<void> {
  const { hits, shards } = result(await run('search', '--text', 'a red apple', '--limit', '2', '--json'))
  assert.is(shards, 1)
  assert.equal([hits.length, hits[0].url], [2, addressOf(PICTURES['a red apple'])])
  const whois = result(await run('whois', hits[0].uid, '--json'))
  assert.equal([whois.ok, whois.url], [true, hits[0].url])
}

commands('answer in JSON where no node runs', searchAndTrace)

commands('answer people', async () => {
  const said = reads(await run('search', '--image', fileOf(PICTURES['a guitar']), '--limit', '1'))
  assert.match(said, /^1\.000 {2}a guitar\n/)
  assert.match(said, new RegExp(`\\n {2}${addressOf(PICTURES['a guitar'])}\\n {2}on http`))
  assert.match(said, /\n {2}bafyrei.*\n {2}row 6, local; uid [0-9a-f]{32}\n/)
  const [, uid] = /shoal whois ([0-9a-f]{32})/.exec(said)!
  const traced = await run('whois', uid!)
  assert.is(traced.status, 0, traced.stderr)
  assert.match(reads(traced), /✓ producer +the producer's signature over the manifest is good/)
  assert.match(
    reads(await run('search', '--domain', 'nowhere.example')),
    /^Nothing in 1 shard with 8 pairs\n$/,
  )
})

commands('refuse what can not be meant', async () => {
  const both = await run('search', '--text', 'x', '--url', 'y')
  assert.equal([both.status, /one of --text/.test(both.stderr)], [2, true])
  assert.is((await run('search')).status, 2)
  const unknown = await run('whois', '0'.repeat(32))
  assert.equal([unknown.status, /uid_unknown/.test(unknown.stderr)], [1, true])
})

commands('answer through the node that runs', async () => {
  const started = startShoal(['start', '--local', '--offline', '--json', '--data', data])
  try {
    await new Promise<void>((resolve, reject) => {
      let said = ''
      started.child.stdout.on('data', (text) => {
        said += text
        if (said.includes('"ready"')) resolve()
      })
      started.ended.then(({ stderr }) => reject(new Error(stderr)), reject)
    })
    await searchAndTrace()
  } finally {
    started.child.kill('SIGTERM')
    await started.ended
  }
})

commands.run()
