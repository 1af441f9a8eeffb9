import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Blocklists, openBlocklists } from '../../../node/safety/safety.ts'
import { openStore, type Store } from '../../../node/store/store.ts'
import { codeOf } from '../with-node.ts'

const blocklists = suite('blocklists')
let dir = ''
let store: Store
let lists: Blocklists

const open = () => openBlocklists(join(dir, 'lists'), store, () => 1_800_000_000_000)
const hashOf = (text: string) => hash('sha256', text)
const digestsOf = (text: string) => (kind: 'sha256' | 'sha1' | 'md5') => hash(kind, text, 'buffer')
let files = 0
async function write(...lines: (object | string)[]): Promise<string> {
  const file = join(dir, `list-${files++}.jsonl`)
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  await writeFile(file, text)
  return file
}

blocklists.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-blocklists-'))
  store = await openStore(join(dir, 'db'))
  lists = await open()
})
blocklists.after(async () => {
  await lists.close()
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

blocklists('are empty at first', () => {
  assert.equal(lists.list(), [])
  assert.ok(lists.listed().isEmpty)
  assert.not.ok(lists.listed().hasAddress('https://a.example/b.jpg', 'https://a.example/'))
})

blocklists('know addresses by what matters of them', async () => {
  await lists.add(
    await write({ kind: 'url', value: 'https://a.example:443/x.jpg?y#z' }, '', {
      kind: 'url',
      value: hashOf('b.example/hashed.jpg').toUpperCase(),
    }),
    'urls',
  )
  const has = (url: string) => lists.listed().hasAddress(url, 'http://page.example/')
  for (const url of [
    'http://a.example/x.jpg?y',
    'https://A.example/x.jpg?y#other',
    'http://b.example/hashed.jpg',
  ])
    assert.ok(has(url), url)
  for (const url of [
    'http://a.example/x.jpg',
    'http://a.example:8080/x.jpg?y',
    'http://b.example/',
    'no address',
  ])
    assert.not.ok(has(url), url)
})

blocklists('know hosts of images and of pages, and those below them', async () => {
  await lists.add(
    await write({ kind: 'host', value: 'Bad.Example' }, { kind: 'host', value: hashOf('worse.example') }),
    'hosts',
  )
  const has = (url: string, page = 'http://page.example/') => lists.listed().hasAddress(url, page)
  assert.ok(has('http://bad.example/1.jpg'))
  assert.ok(has('https://img.bad.example:8443/1.jpg'))
  assert.ok(has('http://good.example/1.jpg', 'http://www.worse.example/page'))
  assert.not.ok(has('http://notbad.example/1.jpg'))
  // the first list holds besides the second
  assert.ok(has('http://a.example/x.jpg?y'))
})

blocklists('know files by each of their hashes, and pictures by what is near', async () => {
  const near = `${'0'.repeat(56)}7fffffff`
  await lists.add(
    await write(...(['sha256', 'sha1', 'md5'] as const).map((kind) => ({ kind, value: hash(kind, kind) })), {
      kind: 'pdq',
      value: '0'.repeat(64),
    }),
    'files',
  )
  for (const name of ['sha256', 'sha1', 'md5']) assert.ok(lists.listed().hasFile(digestsOf(name)), name)
  assert.not.ok(lists.listed().hasFile(digestsOf('other')))
  assert.not.ok(lists.listed().hasFile(() => null))
  assert.ok(lists.listed().hasPicture(near), '31 bits')
  assert.not.ok(lists.listed().hasPicture(near.replace('7', 'f')), '32 bits')
})

blocklists('are there after the next start, each on its own', async () => {
  const again = await open()
  assert.equal(
    again
      .list()
      .map(({ name, entries }) => [name, Object.values(entries).reduce((sum, count) => sum + count, 0)]),
    [
      ['files', 4],
      ['hosts', 2],
      ['urls', 2],
    ],
  )
  assert.ok(again.listed().hasFile(digestsOf('md5')))
  assert.equal((await again.read('hosts')).host.length, 64)
  await again.close()
})

blocklists('are for their owner alone, and tell no address', async () => {
  for (const name of await readdir(join(dir, 'lists'))) {
    const file = join(dir, 'lists', name)
    if (process.platform !== 'win32') assert.is((await stat(file)).mode & 0o077, 0, name)
    assert.not.match(await readFile(file, 'latin1'), /a\.example|bad\.example/i)
  }
})

blocklists('take the place of one of the same name', async () => {
  await lists.add(await write({ kind: 'host', value: 'other.example' }), 'hosts')
  assert.is(lists.list().length, 3)
  assert.not.ok(lists.listed().hasAddress('http://bad.example/1.jpg', ''))
  assert.ok(lists.listed().hasAddress('http://other.example/1.jpg', ''))
})

blocklists('remember where they led, until one of them goes', async () => {
  const url = 'https://found.example/1.jpg'
  assert.not.ok(lists.remembers(url))
  lists.remember(url)
  lists.remember('no address')
  assert.ok(lists.remembers('http://found.example/1.jpg#there'))
  await lists.close()
  const again = await open()
  assert.ok(again.remembers(url))
  await again.close()
  await lists.remove('urls')
  assert.not.ok(lists.remembers(url))
  assert.not.ok(lists.listed().hasAddress('http://a.example/x.jpg?y', ''))
  assert.is(await codeOf(lists.remove('urls')), 'blocklist_unknown')
})

blocklists('tell of each change', async () => {
  let changes = 0
  const end = lists.onChange(() => changes++)
  const before = lists.listed()
  await lists.add(await write({ kind: 'md5', value: hash('md5', 'x') }), 'more')
  assert.is(changes, 1)
  assert.is.not(lists.listed(), before)
  await lists.remove('more')
  assert.is(changes, 2)
  end()
  await lists.add(await write({ kind: 'md5', value: hash('md5', 'x') }), 'more')
  assert.is(changes, 2)
})

blocklists('refuse what is no list, and say where without saying what', async () => {
  const good = { kind: 'host', value: 'a.example' }
  const secret = 'secret.example'
  for (const line of [
    '{"kind":"host"',
    'null',
    '[]',
    { kind: 'ip', value: secret },
    { kind: 'url', value: secret },
    { kind: 'url', value: `ftp://${secret}/` },
    { kind: 'host', value: '' },
    { kind: 'host', value: `a b ${secret}` },
    { kind: 'md5', value: hashOf('x') },
    { kind: 'pdq', value: `${'0'.repeat(63)}g` },
    { kind: 'sha256' },
    { kind: 'url', value: `http://${secret}/${'x'.repeat(30_000)}` },
  ]) {
    const file = await write(good, line)
    await lists.add(file, 'bad').then(
      () => assert.unreachable(JSON.stringify(line).slice(0, 100)),
      (error) => {
        assert.is(error.code, 'blocklist_line', error.message)
        assert.match(error.message, `line 2 of ${file}`)
        assert.not.match(error.message, secret)
      },
    )
  }
  assert.is(await codeOf(lists.add(await write(''), 'empty')), 'blocklist_empty')
  assert.is(await codeOf(lists.add(join(dir, 'nowhere.jsonl'), null)), 'blocklist_unreadable')
  assert.is(await codeOf(lists.add(dir, 'directory')), 'blocklist_unreadable')
  for (const name of ['../up', '', '.hidden', 'a/b', 'x'.repeat(101)])
    assert.is(await codeOf(lists.add(await write(good), name)), 'blocklist_name', name)
})

blocklists('that the disk has changed keep a node from starting', async () => {
  const file = join(dir, 'lists', 'hosts.list')
  const bytes = await readFile(file)
  bytes[bytes.length - 1]! ^= 1
  await writeFile(file, bytes)
  assert.is(await codeOf(open()), 'blocklist_broken')
  await writeFile(file, bytes.subarray(0, -1))
  assert.is(await codeOf(open()), 'blocklist_broken')
  await rm(file)
  await (await open()).close()
})

blocklists.run()
