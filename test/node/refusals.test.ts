import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gzipEach, httpResponse, pageRecord, warcinfo, warcRecord } from './crawl/make-warc.ts'
import { codeOf, crawl, withNode } from './with-node.ts'
import { makeCrawl } from './work/made-crawl.ts'
import { failDriver, ordersFor, runDriver } from './work/run-driver.ts'

const refusals = suite('node: refusals')
let dir = ''

refusals.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-refusals-'))
})
refusals.after(() => rm(dir, { recursive: true, force: true }))

refusals('decides on an archived picture that is not to be had', async () => {
  const bomb = httpResponse(gzipSync(Buffer.alloc(11 * 1024 * 1024)), {
    'Content-Type': 'image/png',
    'Content-Encoding': 'gzip',
  })
  const file = join(dir, 'bomb.warc.gz')
  const url = 'http://site.example/page-0.jpg'
  await writeFile(
    file,
    gzipEach([warcinfo(), pageRecord('page', 2), warcRecord(bomb, { 'WARC-Target-URI': url })]),
  )
  await withNode(dir, {}, async (node) => {
    const [result] = await crawl(node, [file])
    assert.equal(result?.outcomes, { offline: 1, image_bytes: 1 })
  })
})

refusals('says what is wrong with a file', async () => {
  const text = join(dir, 'text.warc.gz')
  await writeFile(text, 'This is a letter.\n')
  const odd = join(dir, 'odd.txt')
  await writeFile(odd, 'This is a letter.\n')
  const swapped = join(dir, 'swapped.wat.gz')
  await writeFile(swapped, gzipEach([warcinfo(), pageRecord('page', 2)]))
  const folder = join(dir, 'folder.warc')
  await mkdir(folder)
  const cut = join(dir, 'cut.warc.gz')
  await writeFile(cut, gzipEach([warcinfo(), pageRecord('page', 2, 'x'.repeat(3_000))]).subarray(0, -20))
  await withNode(dir, {}, async (node) => {
    const codes = async (...files: string[]) => codeOf(crawl(node, files))
    assert.is(await codes(text), 'not_an_archive')
    assert.is(await codes(odd), 'file_kind')
    assert.is(await codes(join(dir, 'none.warc.gz')), 'file_missing')
    assert.is(await codes(folder), 'file_missing')
    assert.is(await codes(join(odd, 'x.warc')), 'file_missing')
    assert.is(await codes(text, `${dir}/./text.warc.gz`), 'file_twice')
    assert.is(await codes(), 'file_none')
    assert.is(await codes('https://site.example/a.warc.gz'), 'file_offline')
    assert.is(await codes(swapped), 'not_a_wat')
    assert.is(await codeOf(crawl(node, [text], { preset: 'constructor' })), 'preset_unknown')
    const [result] = await crawl(node, [cut])
    assert.is(result?.counts.badRecords, 1)
  })
})

refusals('says where it can not write', async () => {
  const file = join(dir, 'file')
  await writeFile(file, '')
  assert.is(await codeOf(withNode(dir, { dataDir: join(file, 'data') }, async () => {})), 'data_unwritable')
  await withNode(dir, {}, async (_, dataDir) => {
    assert.is(await codeOf(withNode(dir, { dataDir }, async () => {})), 'store_locked')
  })
  if (process.getuid?.() === 0) return console.log('skipped: root writes anywhere')
  const sealed = join(dir, 'sealed')
  await mkdir(sealed)
  await chmod(sealed, 0o555)
  assert.is(await codeOf(withNode(dir, { dataDir: join(sealed, 'data') }, async () => {})), 'data_unwritable')
  assert.is(await codeOf(withNode(dir, { dataDir: sealed }, async () => {})), 'identity_unreadable')
})

refusals('says that the disk is full, and goes on when it is not', async () => {
  if (process.platform === 'win32') return console.log("skipped: no limit of a file's size here")
  const file = join(dir, 'full.warc.gz')
  await writeFile(file, makeCrawl(40).warc)
  const orders = { ...ordersFor(join(dir, 'full'), file), offline: true, threshold: -1 }
  // no file longer than this many blocks: the database's log, first of all
  const limited = await failDriver(orders, 'ulimit -f 24 && exec "$0" "$@"')
  assert.match(limited, /store_write/)
  assert.match(limited, /check the disk and its free space/)
  const told = await runDriver(orders)
  assert.is(told?.results[0]?.outcomes.offline, 40 * 6)
})

refusals.run()
