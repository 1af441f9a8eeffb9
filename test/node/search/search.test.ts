import { hash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Home } from '../../../node/home.ts'
import type { Removals } from '../../../node/removals/removals.ts'
import type { Search, SearchRequest } from '../../../node/search/search.ts'
import { readShard } from '../../../node/shard/shard.ts'
import { type SubjectKind, subjectHash } from '../../../protocol/rules/remove.ts'
import { publishSample } from '../shard/sample.ts'
import { codeOf } from '../with-node.ts'
import { addressOf, crawlPictures, fileOf, LATER, openSearch, PICTURES, pageOf } from './picture-crawl.ts'

const test = suite('search')
let dir = ''
/** a copy of what is open, which a test may change */
let copy = ''
let manifest = ''
let home: Home
let search: Search
let removals: Removals
let close: () => Promise<void>

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-search-'))
  copy = join(dir, 'copy')
  const dataDir = join(dir, 'data')
  manifest = await crawlPictures(dir, dataDir, 'first.warc.gz', PICTURES)
  await cp(dataDir, copy, { recursive: true })
  const opened = await openSearch(dataDir)
  ;({ home, search, removals, close } = opened)
})
test.after(async () => {
  await close()
  await rm(dir, { recursive: true, force: true })
})

function ask(search: Search, request: Partial<SearchRequest>) {
  return search.search({ kind: 'text', value: '', campaign: null, limit: 10, model: null, ...request })
}

/** The pictures that are found, by their files' names. */
async function find(
  search: Search,
  kind: SearchRequest['kind'],
  value: string,
  more = {},
): Promise<string[]> {
  const { hits } = await ask(search, { kind, value, ...more })
  return hits.map(({ url }) => url.replace(/.*\//, ''))
}

test('words find the picture that they describe, with all there is to say of it', async () => {
  for (const [words, file] of Object.entries(PICTURES))
    assert.is((await find(search, 'text', words))[0], file, words)
  const { hits, shards, rows, notes, skipped } = await ask(search, { value: '  A  Red APPLE ', limit: 2 })
  assert.equal({ shards, rows, notes, skipped }, { shards: 1, rows: 8, notes: [], skipped: [] })
  assert.is(hits.length, 2)
  const [hit, next] = hits
  assert.ok(hit!.score! > next!.score! && hit!.score! > 0.23)
  assert.is(hit!.text, 'a red apple')
  assert.is(hit!.page, pageOf(PICTURES['a red apple']))
  assert.is(hit!.producer, home.signer.peerId.toString())
  assert.equal([hit!.manifest, hit!.row, hit!.state, hit!.also], [manifest, 0, 'local', []])
  assert.ok(Math.abs(hit!.score! - hit!.similarity) < 0.002, 'the score is the cosine of the pair')
  assert.is(search.progress(), null)
})

test('a picture finds itself, smaller and compressed again too', async () => {
  for (const file of Object.values(PICTURES)) {
    const { hits } = await ask(search, { kind: 'image', value: fileOf(file), limit: 1 })
    assert.is(hits[0]!.url, addressOf(file))
    assert.is(hits[0]!.match, 'sha256')
    assert.ok(hits[0]!.score! > 0.995)
  }
  const other = join(dir, 'other.png')
  await sharp(await readFile(fileOf(PICTURES['a penguin'])))
    .resize(150)
    .flatten({ background: 'white' })
    .toBuffer()
    .then((bytes) => writeFile(other, bytes))
  const { hits } = await ask(search, { kind: 'image', value: other, limit: 1 })
  assert.equal([hits[0]!.url, hits[0]!.match], [addressOf(PICTURES['a penguin']), null])
  const broken = join(dir, 'broken.jpg')
  await writeFile(broken, 'no picture')
  for (const value of [broken, join(dir, 'none.jpg'), dir])
    assert.is(await codeOf(ask(search, { kind: 'image', value })), 'search_image', value)
})

test('addresses, hosts and hashes find their rows and no others', async () => {
  const file = PICTURES['a rocket']
  const url = addressOf(file)
  assert.equal(await find(search, 'url', url), [file])
  assert.equal(await find(search, 'url', `${url.replace('http:', 'https:')}#part`), [file])
  assert.equal(await find(search, 'url', pageOf(file)), [file])
  assert.equal(await find(search, 'url', `${url}?`), [file], 'an empty query is none')
  assert.equal(await find(search, 'url', `${url}?a`), [])
  for (const host of [
    'pictures.example',
    'IMG.pictures.example',
    'www.pages.example',
    'http://pages.example/x',
  ])
    assert.is((await find(search, 'domain', host)).length, 8, host)
  assert.is((await find(search, 'domain', 'pictures.example', { limit: 3 })).length, 3)
  for (const host of ['example', 'ictures.example', 'other.example'])
    assert.equal(await find(search, 'domain', host), [], host)
  const bytes = await readFile(fileOf(file))
  const { pairs } = await readShard(home, CID.parse(manifest))
  const row = (await pairs.readGroup(0)).find((one) => one.url === url)!
  for (const value of [hash('sha256', bytes), hash('md5', bytes).toUpperCase(), row.uid, row.hash, row.pdq])
    assert.equal(await find(search, 'hash', value as string), [file])
  // 31 bits of it are otherwise, then 32
  const near = Buffer.from(row.pdq as string, 'hex').map((byte, i) => (i < 31 ? byte ^ 1 : byte))
  const { hits } = await ask(search, { kind: 'hash', value: Buffer.from(near).toString('hex') })
  assert.equal([hits[0]!.url, hits[0]!.match], [url, 'pdq ~31'])
  near[31]! ^= 1
  assert.equal(await find(search, 'hash', Buffer.from(near).toString('hex')), [])
  assert.equal(await find(search, 'hash', hash('sha256', 'other')), [])
})

test('what nobody can mean is refused', async () => {
  const refused = { hash: ['abc', 'g'.repeat(32)], text: ['  '], url: [''], domain: [''] }
  for (const [kind, values] of Object.entries(refused) as [SearchRequest['kind'], string[]][])
    for (const value of values)
      assert.is(await codeOf(ask(search, { kind, value })), kind === 'hash' ? 'search_hash' : 'search_empty')
  assert.is(await codeOf(ask(search, { value: 'x', campaign: 'nonsense' })), 'cid_invalid')
  assert.is(await codeOf(search.whois('x')), 'uid_invalid')
  assert.is(await codeOf(search.whois('0'.repeat(32))), 'uid_unknown')
})

test('new shards are added to the index, shards that are gone are never found', async () => {
  const words = join(copy, 'search', 'words')
  const vectors = join(copy, 'search', 'vectors')
  const sizeOfVectors = async () => {
    const file = (await readdir(vectors)).find((name) => name.endsWith('.usearch'))!
    return (await stat(join(vectors, file))).size
  }
  const first = await openSearch(copy)
  await find(first.search, 'url', 'http://nothing.example/')
  await first.close()
  const before = await stat(join(words, manifest))
  const pictures = { ...LATER, 'red apple': PICTURES['a red apple'] }
  const second = CID.parse(await crawlPictures(dir, copy, 'second.warc.gz', pictures))
  const { home, search, close } = await openSearch(copy)
  const koala = addressOf(LATER['a koala'])
  try {
    assert.is((await find(search, 'text', 'a carrot'))[0], LATER['a carrot'])
    assert.equal(await find(search, 'url', koala), [LATER['a koala']])
    assert.is((await stat(join(words, manifest))).mtimeMs, before.mtimeMs, 'not read again')
    const campaign = (await ask(search, { kind: 'url', value: koala })).hits[0]!.campaign
    assert.is((await find(search, 'text', 'a picture', { campaign })).length, 3)
    assert.is((await find(search, 'domain', 'pictures.example', { campaign })).length, 3)
    const envelope = (await home.store.shards.get(second.bytes))!
    await home.store.shards.del(second.bytes)
    assert.not.ok((await find(search, 'text', 'a carrot')).includes(LATER['a carrot']))
    assert.equal(await find(search, 'url', koala), [])
    assert.equal(await readdir(words), [manifest])
    // and back, as when a refusal is taken back
    await home.store.shards.put(second.bytes, envelope)
    assert.is((await find(search, 'text', 'a carrot'))[0], LATER['a carrot'])
    assert.equal(await find(search, 'url', koala), [LATER['a koala']])
    // the larger part of all vectors
    await home.store.shards.del(CID.parse(manifest).bytes)
    const size = await sizeOfVectors()
    assert.is((await find(search, 'text', 'a carrot')).length, 3)
    assert.ok((await sizeOfVectors()) < size, 'made anew without them')
  } finally {
    await close()
  }
})

test('what is removed is not shown', async () => {
  const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
  const [{ uid }] = (await ask(search, { value: 'a lion' })).hits as unknown as [{ uid: string }]
  const image = hash('sha256', await readFile(fileOf(PICTURES['a lion'])))
  const subjects: [SubjectKind, string][] = [
    ['pair', uid],
    ['url', addressOf(PICTURES['a lion'])],
    ['image', image],
  ]
  const campaign = (await readShard(home, CID.parse(manifest))).manifest.campaign
  for (const [kind, name] of [...subjects, ['origin', 'pages.example'] as [SubjectKind, string]]) {
    const subject = { kind, hash: new Uint8Array(subjectHash(kind, name, sha256)!) }
    const wanted = { subject, reason: 'rights', basis: 'a test', expires: null } as const
    await removals.issue(campaign, [wanted])
    const found = await find(search, 'text', 'a lion')
    assert.is(found.length, kind === 'origin' ? 0 : 7, kind)
    assert.not.ok(found.includes(PICTURES['a lion']), kind)
    assert.equal(await find(search, 'hash', image), [], kind)
    assert.is(await codeOf(search.whois(uid)), 'uid_unknown', kind)
    await removals.issue(campaign, [{ ...wanted, takeBack: true }])
  }
  assert.is((await find(search, 'text', 'a lion'))[0], PICTURES['a lion'])
})

test('whois follows a pair to its source, and finds what does not hold', async () => {
  const [hit] = (await ask(search, { value: 'a guitar' })).hits
  const whois = await search.whois(hit!.uid)
  assert.equal([whois.ok, whois.manifest, whois.row], [true, manifest, hit!.row])
  const marks = whois.steps.map(({ name, ok }) => [name, ok])
  const sure = ['pair', 'row', 'manifest', 'producer', 'campaign', 'source'].map((name) => [name, true])
  assert.equal(marks, [...sure, ['state', null], ['signals', true]])
  const source = whois.steps.find(({ name }) => name === 'source')!
  assert.is(source.facts.warc, 'first.warc.gz')
  assert.type(source.facts.offset, 'number')
  const { manifest: facts } = await readShard(home, CID.parse(manifest))
  const { cid } = facts.files.find(({ name }) => name === 'outcomes.parquet')!
  const block: Uint8Array[] = await Array.fromAsync(home.blocks.get(cid))
  await home.blocks.delete(cid)
  const broken = await search.whois(hit!.uid)
  assert.is(broken.ok, false)
  assert.equal(
    broken.steps.filter(({ ok }) => ok === false).map(({ name }) => name),
    ['source'],
  )
  await home.blocks.put(cid, block[0]!)
  assert.is((await search.whois(hit!.uid)).ok, true)
})

test('shards that can not be read are passed over; a model that is not here is told', async () => {
  const other = join(dir, 'other')
  const { store, manifest: made } = await publishSample(other, 40)
  await store.close()
  await rename(join(other, 'store'), join(other, 'db'))
  const { home, search, close } = await openSearch(other)
  assert.is(await codeOf(ask(search, { value: 'a fox' })), 'search_model')
  assert.is((await find(search, 'domain', 'example.com', { limit: 100 })).length, 20)
  const { manifest: facts } = await readShard(home, made)
  for (const { cid } of facts.files) await home.blocks.delete(cid)
  await close()
  await rm(join(other, 'search'), { recursive: true })
  const again = await openSearch(other)
  const { hits, skipped } = await ask(again.search, { kind: 'domain', value: 'example.com' })
  await again.close()
  assert.equal(hits, [])
  assert.is(skipped[0]?.manifest, made.toString())
  assert.match(skipped[0]!.reason, /block/)
})

test.run()
