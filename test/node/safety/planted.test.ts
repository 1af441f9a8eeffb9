import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openLog } from '../../../node/log.ts'
import { withBlocklists } from '../../../node/manage-blocklists.ts'
import { crawl, withNode } from '../with-node.ts'
import { type PlantedCrawl, plantCrawl } from './planted-crawl.ts'

const planted = suite('planted pictures')
let dir = ''
let made: PlantedCrawl

planted.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-lists-'))
  made = await plantCrawl()
  await writeFile(join(dir, 'made.warc.gz'), made.warc)
  await writeFile(join(dir, 'list.jsonl'), made.list)
})
planted.after(async () => {
  await made.close()
  await rm(dir, { recursive: true, force: true })
})

planted('are not asked for by address or host, and named nowhere', async () => {
  const dataDir = join(dir, 'data')
  const out = join(dir, 'out')
  const log = join(dir, 'shoal.log')
  await mkdir(dataDir)
  await withBlocklists(dataDir, (lists) => lists.addBlocklist(join(dir, 'list.jsonl'), null))
  const options = {
    ...{ dataDir, offline: false, loopback: { hosts: made.hosts }, threads: 1 },
    log: openLog('trace', { file: log }),
  }
  const [result] = await withNode(dir, options, (node) =>
    crawl(node, [join(dir, 'made.warc.gz')], { threshold: -1, outDir: out }),
  )
  assert.is(result?.outcomes.withheld, made.withheld)
  assert.is(result?.outcomes.kept, made.free.length)
  assert.is(result?.candidates, made.withheld + made.free.length)
  assert.ok(result?.verified)

  const asked = made.requests.map((url) => URL.parse(url)!)
  for (const host of ['listed.example', 'hashed.example', 'bad.example', 'deep.bad.example'])
    assert.equal(
      asked.filter(({ hostname }) => hostname === host),
      [],
      host,
    )
  assert.not.ok(made.requests.includes('http://free.example/on-a-bad-page.jpg'))
  for (const url of made.listedByFile)
    assert.ok(made.requests.filter((one) => one === url).length <= 2, `${url} is asked for once a text`)

  const told = [
    log,
    ...(await readdir(out, { recursive: true, withFileTypes: true })).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    ),
  ]
  for (const file of told) {
    const text = await readFile(file, 'latin1')
    for (const secret of made.secrets) assert.not.ok(text.includes(secret), `${secret} in ${file}`)
  }
  assert.not.match(JSON.stringify(result), /planted|bad\.example/)
})

planted('are not asked for again, though their address is on no list', async () => {
  made.requests.length = 0
  const options = { offline: false, loopback: { hosts: made.hosts }, threads: 1 }
  await withNode(dir, { ...options, dataDir: join(dir, 'data') }, async (node) => {
    const [result] = await crawl(node, [join(dir, 'made.warc.gz')], { threshold: -0.9 })
    assert.is(result?.outcomes.withheld, made.withheld)
    assert.is(result?.outcomes.kept, made.free.length)
  })
  assert.ok(made.requests.some((url) => made.free.includes(url)))
  assert.not.match(made.requests.join(), /planted/)
})

planted.run()
