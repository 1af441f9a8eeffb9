import { hash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import sharp from 'sharp'
import { hashPdq } from '../../../node/images/pdq.ts'
import { subjectHash } from '../../../protocol/rules/remove.ts'
import { gzipEach, httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'

const FILES = new URL('../../../cli/demo/files/', import.meta.url)
const fileOf = (name: string) => readFileSync(new URL(name, FILES))
const sha256 = (bytes: Uint8Array) => new Uint8Array(hash('sha256', bytes, 'buffer'))

/** A crawl in which pictures are planted that a list names, each in another way. */
export interface PlantedCrawl {
  warc: Buffer
  /** JSON, an entry a line */
  list: string
  /** as they lead to this machine */
  hosts: Record<string, string>
  /** bytes of the files that the list names by what is in them, sha256 in hex */
  listedFiles: ReadonlySet<string>
  /** parts of addresses that nothing may ever name */
  secrets: readonly string[]
  /** addresses that are asked for once at most */
  listedByFile: readonly string[]
  /** candidates that are to be withheld */
  withheld: number
  free: string[]
  /** every address that was asked for */
  requests: string[]
  close(): Promise<void>
}

const LISTED = 'https://listed.example/planted/by-url.jpg'
const HASHED = 'http://hashed.example/planted/by-hash.jpg'
const BY_FILE = ['sha256', 'md5', 'sha1', 'pdq', 'mirrored'].map(
  (kind) => `http://files.example/planted-${kind}.jpg`,
)
const ARCHIVED = 'http://archive.example/planted-archived.jpg'

export async function plantCrawl(): Promise<PlantedCrawl> {
  const near = await sharp(fileOf('noto-owl.jpg')).jpeg({ quality: 98 }).toBuffer()
  const mirrored = await sharp(fileOf('noto-wolf.jpg')).rotate(90).flop().jpeg({ quality: 98 }).toBuffer()
  const byFile = [fileOf('noto-crab.jpg'), fileOf('noto-bus.jpg'), fileOf('noto-fox.jpg'), near, mirrored]
  const archived = fileOf('noto-robot.jpg')
  const pictures = new Map<string, Buffer>([
    ['http://free.example/a.jpg', fileOf('noto-cactus.jpg')],
    ['http://free.example/b.jpg', fileOf('noto-camera.jpg')],
    ['http://free.example/on-a-bad-page.jpg', fileOf('noto-castle.jpg')],
    [LISTED.replace('https:', 'http:'), fileOf('noto-shrimp.jpg')],
    [HASHED, fileOf('noto-snail.jpg')],
    ['http://deep.bad.example/planted.jpg', fileOf('noto-spider.jpg')],
    ...BY_FILE.map((url, i): [string, Buffer] => [url, byFile[i]!]),
  ])
  const requests: string[] = []
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}${request.url}`
    requests.push(url)
    if (url === 'http://free.example/moved.jpg')
      return void response.writeHead(302, { location: LISTED.replace('https:', 'http:') }).end()
    const picture = pictures.get(url)
    if (picture === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(picture)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const names = ['free', 'listed', 'hashed', 'bad', 'deep.bad', 'files', 'pages'].map(
    (name) => `${name}.example`,
  )

  const entries = [
    { kind: 'url', value: LISTED },
    { kind: 'url', value: Buffer.from(subjectHash('url', HASHED, sha256)!).toString('hex') },
    { kind: 'host', value: 'bad.example' },
    { kind: 'sha256', value: hash('sha256', byFile[0]!) },
    { kind: 'md5', value: hash('md5', byFile[1]!).toUpperCase(), note: 'another list maker spells it so' },
    { kind: 'sha1', value: hash('sha1', byFile[2]!) },
    { kind: 'pdq', value: await pdqOf(fileOf('noto-owl.jpg')) },
    { kind: 'pdq', value: await pdqOf(fileOf('noto-wolf.jpg')) },
    { kind: 'sha256', value: hash('sha256', archived) },
  ]
  const tag = (url: string, text = `a drawing of something at ${names.length} places`) =>
    `<img src="${url}" alt="${text}">`
  const good = [
    tag('http://free.example/a.jpg', 'a green cactus in a pot'),
    tag('http://free.example/b.jpg', 'a camera with a large lens'),
  ]
  const bad = [
    ...[LISTED, LISTED.replace('https:', 'http:'), HASHED, 'http://deep.bad.example/planted.jpg'].map((url) =>
      tag(url),
    ),
    // a duplicate, another text, and a text that is too short to go on
    ...[tag(LISTED), tag(HASHED, 'x')],
    ...BY_FILE.map((url) => tag(url)),
    ...[tag(BY_FILE[0]!), tag(BY_FILE[0]!, 'another text of the same'), tag(BY_FILE[0]!, 'x')],
    ...[tag(ARCHIVED), tag('http://free.example/moved.jpg')],
  ]
  const page = (host: string, images: string[]) =>
    warcRecord(httpResponse(`<html><body>${images.join('\n')}</body></html>`), {
      'WARC-Target-URI': `http://${host}/page`,
    })
  return {
    warc: gzipEach([
      warcinfo(),
      page('pages.example', [...good, ...bad]),
      page('www.bad.example', [tag('http://free.example/on-a-bad-page.jpg')]),
      warcRecord(httpResponse(archived, { 'Content-Type': 'image/jpeg' }), { 'WARC-Target-URI': ARCHIVED }),
    ]),
    list: `${entries.map((entry) => JSON.stringify(entry)).join('\n')}\n`,
    hosts: Object.fromEntries(names.map((name) => [name, to])),
    listedFiles: new Set(
      [byFile[0]!, byFile[1]!, byFile[2]!, archived].map((bytes) => hash('sha256', bytes)),
    ),
    secrets: ['planted', 'bad.example', 'listed.example', 'hashed.example', 'files.example', 'on-a-bad-page'],
    listedByFile: BY_FILE,
    withheld: bad.length + 1,
    free: ['http://free.example/a.jpg', 'http://free.example/b.jpg'],
    requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function pdqOf(bytes: Buffer): Promise<string> {
  const { data, info } = await sharp(bytes)
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return hashPdq(data, info.width, info.height).hash
}
