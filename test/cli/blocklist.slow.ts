import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import stringWidth from 'string-width'
import { request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressOf, crawlPictures, fileOf, PICTURES } from '../node/search/picture-crawl.ts'
import { type Ended, runShoal, startShoal } from './run-shoal.ts'

/** A list that comes after the pictures it names were crawled and published. */
const commands = suite('commands on blocklists')
/** Within which every node has to hide what it is told of. */
const LIMIT_MS = 240_000

let dir = ''
let data = ''
let manifest = ''
let daemon: ReturnType<typeof startShoal>
let gateway = ''

const run = (...args: string[]) =>
  runShoal([...args, '--data', data], { NODE_COMPILE_CACHE: join(dir, 'compiled') })

commands.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-cli-blocklist-'))
  data = join(dir, 'data')
  manifest = await crawlPictures(dir, data, 'first.warc.gz', PICTURES)
  daemon = startShoal([
    ...['start', '--local', '--offline', '--gateway', '127.0.0.1:0', '--json', '--data', data],
  ])
  let said = ''
  daemon.child.stdout.on('data', (text) => (said += text))
  const until = performance.now() + LIMIT_MS
  while (!said.includes('\n') && performance.now() < until) await sleep(50)
  gateway = JSON.parse(said.split('\n')[0]!).ready.gateway
})
commands.after(async () => {
  daemon.child.kill('SIGKILL')
  await daemon.ended
  await rm(dir, { recursive: true, force: true })
})

const last = ({ status, stdout, stderr }: Ended) => {
  assert.is(status, 0, stderr)
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
}

function reads({ status, stdout, stderr }: Ended): string {
  assert.is(status, 0, stderr)
  for (const line of stdout.split('\n')) assert.ok(stringWidth(line) <= 80, line)
  return stdout
}

async function found(): Promise<string[]> {
  const { hits } = last(await run('search', '--domain', 'pictures.example', '--limit', '20', '--json'))
  return hits.map(({ url }: { url: string }) => url).sort()
}

async function exported(): Promise<string[]> {
  const out = join(dir, 'pairs.jsonl')
  await rm(out, { force: true })
  last(await run('export', manifest, '--format', 'jsonl', '--out', out, '--json'))
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line).url).sort()
}

/** What the gateway answers for the blocks of the pairs. */
async function askGateway(): Promise<number> {
  const { files } = last(await run('shard', 'show', manifest, '--json'))
  const { statusCode, body } = await request(`${gateway}/ipfs/${files['pairs.parquet'].cid}?format=raw`)
  await body.dump()
  return statusCode
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const started = performance.now()
  while (!(await holds())) {
    assert.ok(performance.now() - started < LIMIT_MS, what)
    await sleep(200)
  }
}

const all = Object.values(PICTURES).map(addressOf).sort()
const listed = [PICTURES['a red apple'], PICTURES['a guitar'], PICTURES['a lion']].map(addressOf)
const left = all.filter((url) => !listed.includes(url))

commands('hide what is here already, without a request for it', async () => {
  assert.equal(await found(), all)
  assert.equal(await exported(), all)
  assert.is(await askGateway(), 200)
  const list = join(dir, 'list.jsonl')
  const [apple, , lion] = [PICTURES['a red apple'], '', PICTURES['a lion']].map(
    (name) => name && fileOf(name),
  )
  const entries = [
    { kind: 'md5', value: hash('md5', readFileSync(apple!)) },
    { kind: 'url', value: addressOf(PICTURES['a guitar']).replace('http:', 'https:') },
    { kind: 'sha256', value: hash('sha256', readFileSync(lion!)) },
  ]
  await writeFile(list, entries.map((entry) => JSON.stringify(entry)).join('\n'))
  const added = reads(await run('blocklist', 'add', list))
  assert.match(added, /^Kept out from now on by list: 1 url, 1 md5, 1 sha256\n/)
  await until('it is found no longer', async () => (await found()).length === left.length)
  assert.equal(await found(), left)
  assert.equal(await exported(), left)
  await until('the gateway does not give it', async () => (await askGateway()) === 410)
})

commands('tell how much is on a list, and never what', async () => {
  const said = reads(await run('blocklist', 'list'))
  assert.match(said, /^list\n {2}1 url, 1 md5, 1 sha256, since \d{4}-\d\d-\d\d\n1 blocklist\n$/)
  const { blocklists } = last(await run('blocklist', 'list', '--json'))
  assert.equal(
    blocklists.map(({ name, entries }: { name: string; entries: object }) => [name, entries]),
    [['list', { url: 1, host: 0, md5: 1, sha1: 0, sha256: 1, pdq: 0 }]],
  )
  const log = await readFile(join(data, 'shoal.log'), 'utf8')
  assert.not.match(log, /pictures\.example/)
})

commands('refuse bad lists and names, and say so', async () => {
  const bad = join(dir, 'bad.jsonl')
  await writeFile(bad, '{"kind":"url","value":"secret.example"}\n')
  const [line, unknown, nowhere] = await Promise.all([
    run('blocklist', 'add', bad),
    run('blocklist', 'remove', 'other'),
    run('blocklist', 'add', join(dir, 'nowhere.jsonl')),
  ])
  assert.is(line.status, 1)
  assert.match(line.stderr, /^error \(blocklist_line\): line 1 of /)
  assert.not.match(line.stderr, /secret/)
  assert.match(unknown.stderr, /^error \(blocklist_unknown\): /)
  assert.match(nowhere.stderr, /^error \(blocklist_unreadable\): /)
})

commands('show all again when the list is gone', async () => {
  assert.match(reads(await run('blocklist', 'remove', 'list')), /^Looked up no longer: list\n$/)
  await until('it is found again', async () => (await found()).length === all.length)
  await until('the gateway gives it again', async () => (await askGateway()) === 200)
})

commands('work where no node runs', async () => {
  assert.is((await run('stop')).status, 0)
  await daemon.ended
  const list = join(dir, 'list.jsonl')
  assert.match(reads(await run('blocklist', 'add', list, '--name', 'again')), /by again: /)
  assert.equal(await found(), left)
  assert.equal(await exported(), left)
})

commands.run()
