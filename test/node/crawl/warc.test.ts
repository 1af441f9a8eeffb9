import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gzipEach, httpResponse, noise, pageRecord, warcinfo, warcRecord } from './make-warc.ts'
import { type All, readHere, segment } from './read-all.ts'

const test = suite('WARC')
let folder = ''
let files = 0

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-test-'))
})
test.after(() => rm(folder, { recursive: true, force: true }))

async function file(bytes: Buffer): Promise<string> {
  const path = join(folder, `${files++}.warc`)
  await writeFile(path, bytes)
  return path
}

const read = async (bytes: Buffer, sliceBytes?: number): Promise<All> =>
  readHere(segment(await file(bytes)), sliceBytes)
const texts = (all: All) => all.candidates.map((candidate) => candidate.text)
const names = (all: All) => all.pages.map((page) => page.url.replace('http://site.example/', ''))

/** The error that reading ends in. */
function refusal(source: Parameters<typeof readHere>[0]): Promise<{ code: string; message: string }> {
  return readHere(source).then(
    () => {
      throw new Error('it was read')
    },
    (error) => error,
  )
}

const GOOD = [warcinfo(), pageRecord('a'), pageRecord('b', 2), pageRecord('c')]
const ALL_TEXTS = ['picture 0 of page a', 'picture 0 of page b', 'picture 1 of page b', 'picture 0 of page c']

for (const [form, bytes] of [
  ['uncompressed', Buffer.concat(GOOD)],
  ['a member a record', gzipEach(GOOD)],
  ['one member', gzipSync(Buffer.concat(GOOD))],
] as const) {
  test(`reads ${form}`, async () => {
    const all = await read(bytes)
    assert.equal(texts(all), ALL_TEXTS)
    assert.equal(all.counts, {
      bytes: bytes.length,
      records: 4,
      responses: 3,
      htmlPages: 3,
      badRecords: 0,
      imgs: 4,
      candidates: 4,
    })
  })
}

test('places are those of the records, or of their members', async () => {
  for (const bytes of [Buffer.concat(GOOD), gzipEach(GOOD)]) {
    const parts = bytes.length === Buffer.concat(GOOD).length ? GOOD : GOOD.map((record) => gzipSync(record))
    const { pages } = await read(bytes)
    assert.is(pages[0]?.warcOffset, parts[0]?.length)
    assert.equal(
      pages.map((page) => page.warcLength),
      parts.slice(1).map((part) => part.length),
    )
  }
})

/** What stands between two good records, in place of the record `x`; how many bad ones; whether `x` can still be read. */
const FAULTS: [name: string, plain: Buffer, bad: number, isRead: boolean][] = [
  ['garbage', Buffer.from('no record at all\r\n\r\n'), 1, false],
  [
    'a length that is too small',
    warcRecord(httpResponse('<img src=x.jpg alt="some text">'), { 'Content-Length': '20' }),
    1,
    false,
  ],
  [
    'a length that is too large',
    warcRecord(httpResponse('<img src=x.jpg alt="some text">'), { 'Content-Length': '9000' }),
    1,
    true,
  ],
  [
    'a length that is no number',
    warcRecord(httpResponse('<img src=x.jpg alt="some text">'), { 'Content-Length': 'many' }),
    1,
    false,
  ],
  [
    'a length beyond reason',
    warcRecord(httpResponse('<img src=x.jpg alt="some text">'), { 'Content-Length': '99999999999999' }),
    1,
    false,
  ],
  [
    'no length',
    warcRecord(httpResponse('<img src=x.jpg alt="some text">'), { 'Content-Length': null }),
    1,
    false,
  ],
  ['no type', warcRecord(httpResponse('<img src=x.jpg alt="some text">'), { 'WARC-Type': null }), 0, false],
  ['no HTTP in it', warcRecord('hello'), 1, false],
  ['a record of one line', Buffer.from('WARC/1.0\r\n\r\n\r\n'), 1, false],
]

for (const [name, fault, bad, isRead] of FAULTS) {
  test(`steps over ${name}`, async () => {
    for (const bytes of [
      Buffer.concat([pageRecord('a'), fault, pageRecord('b')]),
      gzipEach([pageRecord('a'), fault, pageRecord('b')]),
    ]) {
      const all = await read(bytes)
      assert.equal(
        texts(all).filter((text) => text !== 'some text'),
        ['picture 0 of page a', 'picture 0 of page b'],
      )
      assert.is(all.counts.badRecords, bad)
      if (!isRead || bytes[0] !== 0x1f) continue
      assert.ok(texts(all).includes('some text'))
    }
  })
}

test('a corrupt member is stepped over', async () => {
  const members = [pageRecord('a'), pageRecord('b', 3, noise(1, 5_000)), pageRecord('c')].map((record) =>
    gzipSync(record),
  )
  for (const at of [12, 100, members[1]!.length - 6]) {
    const corrupt = Buffer.from(members[1]!)
    corrupt[at] = corrupt[at]! ^ 0xff
    const all = await read(Buffer.concat([members[0]!, corrupt, members[2]!]))
    assert.equal(names(all), ['a', 'c'])
    assert.is(all.counts.badRecords, 1)
  }
})

test('garbage and half a member between members are stepped over', async () => {
  const members = [pageRecord('a'), pageRecord('b', 1, noise(2, 3_000)), pageRecord('c')].map((record) =>
    gzipSync(record),
  )
  const half = members[1]!.subarray(0, 900)
  const all = await read(Buffer.concat([members[0]!, Buffer.from('\x1f\x8b\x08garbage'), half, members[2]!]))
  assert.equal(names(all), ['a', 'c'])
  assert.is(all.counts.badRecords, 2)
})

test('a file that breaks off gives what came before', async () => {
  for (const whole of [Buffer.concat(GOOD), gzipEach(GOOD), gzipSync(Buffer.concat(GOOD))]) {
    const all = await read(whole.subarray(0, whole.length - 40))
    assert.is(all.counts.badRecords > 0, true)
    assert.equal(texts(all).slice(0, 1), ['picture 0 of page a'])
  }
})

test('a bomb is one bad record', async () => {
  const bomb = gzipSync(warcRecord(httpResponse(Buffer.alloc(40 * 1024 * 1024, 'a'))))
  const inner = gzipSync(
    warcRecord(httpResponse(gzipSync(Buffer.alloc(40 * 1024 * 1024, 'a')), { 'Content-Encoding': 'gzip' })),
  )
  const all = await read(Buffer.concat([gzipSync(pageRecord('a')), bomb, inner, gzipSync(pageRecord('b'))]))
  assert.equal(names(all), ['a', 'b'])
  assert.is(all.counts.badRecords, 2)
})

test('bodies are decoded, and headers that lie about them are not believed', async () => {
  const html = '<img src="/p.jpg" alt="blue house">'
  const bodies: [Buffer | string, Record<string, string>][] = [
    [html, {}],
    [gzipSync(html), { 'Content-Encoding': 'gzip' }],
    [gzipSync(html), { 'Content-Encoding': 'X-GZIP' }],
    [deflateSync(html), { 'Content-Encoding': 'deflate' }],
    [deflateRawSync(html), { 'Content-Encoding': 'deflate' }],
    [brotliCompressSync(html), { 'Content-Encoding': 'br' }],
    [zstdCompressSync(html), { 'Content-Encoding': 'zstd' }],
    [brotliCompressSync(gzipSync(html)), { 'Content-Encoding': 'gzip, br' }],
    [
      '5\r\n<img \r\n1e;x=y\r\nsrc="/p.jpg" alt="blue house">\r\n0\r\n\r\n',
      { 'Transfer-Encoding': 'chunked' },
    ],
    [html, { 'Transfer-Encoding': 'chunked' }],
    ...['gzip', 'deflate', 'br', 'zstd'].map((name): [string, Record<string, string>] => [
      html,
      { 'Content-Encoding': name },
    ]),
  ]
  const all = await read(
    Buffer.concat(bodies.map(([body, headers]) => warcRecord(httpResponse(body, headers)))),
  )
  assert.equal(
    texts(all),
    bodies.map(() => 'blue house'),
  )
  assert.is(all.counts.badRecords, 0)
})

test('charsets: mark, header, meta, late meta, and none', async () => {
  const latin = Buffer.from('<img src=/a.jpg alt="café noir">', 'latin1')
  const gbk = Buffer.concat([
    Buffer.from('<img src=/a.jpg alt="'),
    Buffer.from([0xd6, 0xd0, 0xce, 0xc4]),
    Buffer.from(' text">'),
  ])
  const utf16 = Buffer.from('\ufeff<img src=/a.jpg alt="café noir">', 'utf16le')
  const bodies: [Buffer, string, string][] = [
    [latin, 'text/html; charset=ISO-8859-1', 'café noir'],
    [latin, 'text/html', 'café noir'],
    [Buffer.from(latin.toString('latin1')), 'text/html', 'café noir'],
    [utf16, 'text/html; charset=gbk', 'café noir'],
    [gbk, 'text/html; charset="GB2312"', '中文 text'],
    [Buffer.concat([Buffer.from('<meta charset=gbk>'), gbk]), 'text/html', '中文 text'],
    [
      Buffer.concat([
        Buffer.from(
          `<title>${'t'.repeat(2000)}</title><meta http-equiv=Content-Type content="text/html; charset=gbk">`,
        ),
        gbk,
      ]),
      'text/html',
      '中文 text',
    ],
    [latin, 'text/html; charset=no-such-thing', 'café noir'],
  ]
  const all = await read(
    Buffer.concat(bodies.map(([body, type]) => warcRecord(httpResponse(body, { 'Content-Type': type })))),
  )
  assert.equal(
    texts(all),
    bodies.map(([, , text]) => text),
  )
})

test('pictures in the archive are named', async () => {
  const jpeg = Buffer.from('\xff\xd8\xff\xe0 picture', 'latin1')
  const records = [
    warcRecord(httpResponse(jpeg, { 'Content-Type': 'image/jpeg' }), {
      'WARC-Target-URI': '<http://site.example/a.jpg#x>',
    }),
    warcRecord(httpResponse(jpeg, { 'Content-Type': 'application/octet-stream' })),
    warcRecord(httpResponse(jpeg, { 'Content-Type': 'image/jpeg' }, 404)),
    warcRecord(httpResponse('plain', { 'Content-Type': 'text/plain' })),
  ]
  const { images } = await read(gzipEach(records))
  assert.equal(
    images.map((image) => image.url),
    ['http://site.example/a.jpg', 'http://site.example/page'],
  )
  assert.is(images[1]?.warcOffset, gzipSync(records[0]!).length)
})

const MANY = Array.from({ length: 60 }, (_, i) => pageRecord(`p${i}`, i % 4, noise(i, (i * 397) % 3_000)))
const NESTED = warcRecord(
  httpResponse(gzipEach([pageRecord('inner'), pageRecord('inner2')]), { 'Content-Type': 'application/gzip' }),
)
const PLAIN_NESTED = warcRecord(
  httpResponse(Buffer.concat([pageRecord('inner'), pageRecord('inner2')]), {
    'Content-Type': 'application/warc',
  }),
)

for (const [form, bytes] of [
  ['uncompressed', Buffer.concat([...MANY, PLAIN_NESTED, ...MANY])],
  ['a member a record', Buffer.concat([gzipEach(MANY), gzipSync(NESTED, { level: 0 }), gzipEach(MANY)])],
  ['one member', gzipSync(Buffer.concat(MANY))],
] as const) {
  test(`${form}: the same whatever the slices, an archive inside the archive included`, async () => {
    const path = await file(bytes)
    const whole = await readHere(segment(path))
    assert.is(whole.counts.badRecords, 0)
    assert.not.ok(names(whole).includes('inner'))
    for (const [sliceBytes, depth] of [
      [311, 5],
      [1_000, 1],
      [4_096, 3],
      [20_000, 8],
    ] as const) {
      assert.equal(await readHere(segment(path), sliceBytes, depth), whole)
    }
  })

  test(`${form}: parts share the records out`, async () => {
    const path = await file(
      form === 'one member' ? bytes : form === 'uncompressed' ? Buffer.concat(MANY) : gzipEach(MANY),
    )
    const whole = await readHere(segment(path))
    for (let count = 1; count <= 7; count++) {
      const parts: All[] = []
      for (let index = 0; index < count; index++)
        parts.push(await readHere(segment(path, 'warc', { index, count }), 1_500))
      assert.equal(
        parts.flatMap((part) => part.pages),
        whole.pages,
      )
      for (const key of ['bytes', 'records', 'imgs', 'candidates'] as const) {
        assert.is(
          parts.reduce((sum, part) => sum + part.counts[key], 0),
          whole.counts[key],
          `${key} of ${count} parts`,
        )
      }
    }
  })
}

test('garbage never throws, and never loses the record after it', async () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .constantFrom('\x1f\x8b\x08', 'WARC/1.0\r\n', 'WARC/1.0\r\nContent-Length: 7\r\n\r\n', '\r\n')
      .map((text) => Buffer.from(text, 'latin1')),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(garbage, { maxLength: 4 }),
      fc.boolean(),
      fc.integer({ min: 200, max: 3_000 }),
      async (pieces, isPacked, slice) => {
        const pack = (record: Buffer) => (isPacked ? gzipSync(record) : record)
        const bytes = Buffer.concat([
          pack(pageRecord('a')),
          ...pieces,
          Buffer.from('\n'),
          pack(pageRecord('b')),
        ])
        const all = await read(bytes, slice)
        assert.ok(texts(all).includes('picture 0 of page a'))
        assert.ok(texts(all).includes('picture 0 of page b'))
      },
    ),
    { numRuns: 60 },
  )
})

test('what is no archive is refused by name', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('<html>404'), gzipSync('hello')]) {
    const path = await file(bytes)
    await refusal(segment(path)).then((error) => {
      assert.is(error.code, 'not_an_archive')
      assert.ok(error.message.includes(path))
    })
  }
  await refusal(segment(join(folder, 'missing'))).then((error) => assert.is(error.code, 'source_missing'))
  await refusal(segment(folder)).then((error) => assert.is(error.code, 'source_unreadable'))
  const warc = await file(Buffer.concat(GOOD))
  await refusal(segment(warc, 'wat')).then((error) => assert.is(error.code, 'not_a_wat'))
})

test.run()
