import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkFree } from '../../../node/score/check-free.ts'
import { type DownloadProgress, downloadModel, parseModelId } from '../../../node/score/download-model.ts'
import { openScorer } from '../../../node/score/score.ts'
import { writeTinyModel } from './tiny-model.ts'

interface Context {
  directory: string
  cacheDir: string
  server: Server
  endpoint: string
  requests: string[]
  /** replaces the server's answer to some requests; returns whether it did */
  meddle: (req: IncomingMessage, res: ServerResponse, body: Buffer | null) => boolean
}

const ID = { repo: 'some/tiny', revision: 'v1' }
const VISION = 'onnx/vision_model.onnx'

const test = suite<Context>('download model')
test.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'shoal-hub-'))
  context.cacheDir = await mkdtemp(join(tmpdir(), 'shoal-cache-'))
  await writeTinyModel(context.directory, { side: 4 })
  context.requests = []
  context.meddle = () => false
  context.server = createServer(async (req, res) => {
    const path = /^\/some\/tiny\/resolve\/v1\/(.*)$/.exec(req.url ?? '')?.[1]
    const body = path === undefined ? null : await readFile(join(context.directory, path)).catch(() => null)
    context.requests.push(`${path ?? req.url}${req.headers.range ? ` ${req.headers.range}` : ''}`)
    if (!context.meddle(req, res, body)) send(req, res, body)
  })
  await new Promise<void>((resolve) => context.server.listen(0, '127.0.0.1', resolve))
  context.endpoint = `http://127.0.0.1:${(context.server.address() as AddressInfo).port}`
})
test.after.each(async ({ server, directory, cacheDir }) => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true, force: true })
  await rm(cacheDir, { recursive: true, force: true })
})

function send(req: IncomingMessage, res: ServerResponse, body: Buffer | null, etag?: string): void {
  if (body === null) return void res.writeHead(404).end('nothing here')
  const start = Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? '')?.[1] ?? 0)
  const rest = body.subarray(start)
  const headers = { 'content-length': rest.length, etag: etag ?? `"${sha256(body)}"` }
  if (start === 0) res.writeHead(200, headers)
  else res.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` })
  res.end(rest)
}

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

function download({ cacheDir, endpoint }: Context, options: object = {}, id = ID) {
  return downloadModel(id, 'fp32', { cacheDir, endpoint, ...options })
}

async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return promise.then(
    () => assert.unreachable('it should have been refused'),
    (error) => error,
  ) as Promise<{ code: string; message: string }>
}

test('what a model needs is fetched once, and then no more network', async (context) => {
  const progress: DownloadProgress[] = []
  const options = { cacheDir: context.cacheDir, endpoint: context.endpoint, threads: 1 }
  const scorer = await openScorer('hf:some/tiny@v1', { ...options, onProgress: (p) => progress.push(p) })
  await scorer.close()
  assert.is(scorer.model.repo, 'some/tiny@v1')
  const names = ['config.json', 'onnx/text_model.onnx', VISION, 'preprocessor_config.json', 'tokenizer.json']
  assert.equal(
    scorer.model.files.map(({ path }) => path),
    [...names, 'tokenizer_config.json'],
  )
  for (const { path, bytes, sha256: hash } of scorer.model.files) {
    const body = await readFile(join(context.directory, path))
    assert.equal([hash, bytes], [sha256(body), body.length])
    assert.equal(
      progress.findLast((p) => p.file === path),
      { file: path, bytes, total: bytes },
    )
  }
  const asked = context.requests.length
  const again = await openScorer('hf:some/tiny@v1', { ...options, offline: true })
  await again.close()
  assert.is(context.requests.length, asked)
})

test('a cut download goes on where it stopped', async (context) => {
  const body = await readFile(join(context.directory, VISION))
  const half = body.length >> 1
  let cuts = 0
  context.meddle = (req, res) => {
    if (!req.url?.endsWith(VISION) || cuts++ > 0) return false
    res.writeHead(200, { 'content-length': body.length, etag: `"${sha256(body)}"` })
    res.write(body.subarray(0, half), () => setTimeout(() => res.destroy(), 20))
    return true
  }
  const directory = await download(context)
  assert.equal(await readFile(join(directory, VISION)), body)
  assert.equal(context.requests.slice(-2), [VISION, `${VISION} bytes=${half}-`])
})

test('a download that was ended goes on in the next run', async (context) => {
  const body = await readFile(join(context.directory, VISION))
  const ending = new AbortController()
  context.meddle = (req, res) => {
    if (!req.url?.endsWith(VISION) || ending.signal.aborted) return false
    res.writeHead(200, { 'content-length': body.length, etag: `"${sha256(body)}"` })
    res.write(body.subarray(0, 40))
    return true
  }
  const onProgress = ({ file }: DownloadProgress) => {
    if (file === VISION) setTimeout(() => ending.abort(), 50)
  }
  assert.is(
    (await refusal(download(context, { onProgress, signal: ending.signal }))).message.length > 0,
    true,
  )
  const part = join(context.cacheDir, 'some--tiny@v1', `${VISION}.part`)
  assert.is((await stat(part)).size, 40)
  const directory = await download(context)
  assert.equal(await readFile(join(directory, VISION)), body)
  assert.is(context.requests.at(-1), `${VISION} bytes=40-`)
  assert.not((await readdir(join(directory, 'onnx'))).some((name) => name.endsWith('.part')))
})

test('a part that nobody can check is fetched anew', async (context) => {
  const body = await readFile(join(context.directory, VISION))
  let cuts = 0
  context.meddle = (req, res) => {
    if (!req.url?.endsWith(VISION)) return false
    if (cuts++ > 0) send(req, res, body, '"v2"')
    else {
      res.writeHead(200, { 'content-length': body.length, etag: '"v1"' })
      res.write(Buffer.alloc(30), () => setTimeout(() => res.destroy(), 20))
    }
    return true
  }
  const directory = await download(context)
  assert.equal(await readFile(join(directory, VISION)), body)
  assert.equal(context.requests.slice(-3), [VISION, `${VISION} bytes=30-`, VISION])
})

test('a file with another hash is refused, and its part removed', async (context) => {
  context.meddle = (req, res, body) => {
    if (!req.url?.endsWith(VISION) || body === null) return false
    res.writeHead(200, { 'x-linked-etag': `"${'ab'.repeat(32)}"` }).end(body)
    return true
  }
  const error = await refusal(download(context))
  assert.is(error.code, 'model_hash')
  assert.match(error.message, /vision_model\.onnx: it has sha256 [0-9a-f]{64}, and should have (ab){32}/)
  assert.not((await readdir(join(context.cacheDir, 'some--tiny@v1/onnx'))).some((n) => n.includes('vision')))
})

test('the hash given before a redirect counts', async (context) => {
  context.meddle = (req, res) => {
    if (req.url === '/elsewhere') return void res.end('another model') === undefined
    if (!req.url?.endsWith(VISION)) return false
    res.writeHead(302, { 'x-linked-etag': `"${'cd'.repeat(32)}"`, location: '/elsewhere' }).end()
    return true
  }
  assert.match((await refusal(download(context))).message, /should have (cd){32}/)
})

test('a published hash goes before the server’s', async (context) => {
  context.meddle = (req, res) => void send(req, res, Buffer.from('{}')) === undefined
  const error = await refusal(download(context, {}, { ...ID, repo: 'Xenova/mobileclip_s2' }))
  assert.is(error.code, 'model_hash')
  assert.match(error.message, /tokenizer\.json: .* should have 72ed5c96/)
})

test('more than the disk has room for is refused', async ({ cacheDir }) => {
  await checkFree(cacheDir, 1)
  const error = await refusal(checkFree(cacheDir, 1e16))
  assert.is(error.code, 'model_room')
  assert.match(error.message, /10000000000 MB are needed/)
})

test('a redirect is followed, a circle is not', async (context) => {
  context.meddle = (req, res) => {
    if (req.url?.startsWith('/cdn/')) return void send(req, res, Buffer.from('{}')) === undefined
    if (!req.url?.endsWith('config.json')) return false
    const isCircle = req.url.endsWith('preprocessor_config.json')
    res.writeHead(307, { location: isCircle ? req.url : '/cdn/x' }).end()
    return true
  }
  const error = await refusal(download(context))
  assert.is(error.code, 'model_download')
  assert.match(error.message, /preprocessor_config\.json: more than 5 redirects/)
  assert.is(await readFile(join(context.cacheDir, 'some--tiny@v1/config.json'), 'utf8'), '{}')
})

test('answers that are errors say what to do', async (context) => {
  await rm(join(context.directory, 'tokenizer.json'))
  assert.match((await refusal(download(context))).message, /tokenizer\.json: the server answered 404/)
  context.meddle = (req, res) => void res.writeHead(req.url?.includes('v1') ? 401 : 500).end() === undefined
  assert.match((await refusal(download(context))).message, /answered 401.*pass it as --model DIR/)
  assert.match(
    (await refusal(download(context, {}, { ...ID, revision: 'x' }))).message,
    /500; try again later/,
  )
})

test('without a way to the server the message says what to do', async (context) => {
  const { endpoint } = context
  await new Promise((resolve) => context.server.close(resolve))
  const error = await refusal(download(context))
  assert.is(error.code, 'model_download')
  assert.match(error.message, /can't reach the server \(ECONNREFUSED\)/)
  assert.ok(error.message.includes(`from ${endpoint}/some/tiny/tree/v1`))
  assert.match(error.message, /config\.json, .*onnx\/vision_model\.onnx.* pass it as --model DIR/)
  const offline = await refusal(download(context, { offline: true }))
  assert.match(offline.message, /this run is offline.*--model DIR/)
})

test('names of models', () => {
  assert.is(parseModelId('/some/where'), null)
  assert.equal(parseModelId('hf:a/b'), { repo: 'a/b', revision: 'main' })
  assert.equal(parseModelId('hf:a-1/b.c_d@refs/pr/7'), { repo: 'a-1/b.c_d', revision: 'refs/pr/7' })
  for (const bad of [
    'hf:',
    'hf:a',
    'hf:a/b/c',
    'hf:../b',
    'hf:a/..',
    'hf:a/b@',
    'hf:a/b@x/../y',
    'hf:a/b?c',
    'hf:a/b@/',
  ]) {
    assert.throws(
      () => parseModelId(bad),
      (error: { code: string }) => error.code === 'model_id',
      bad,
    )
  }
})

test.run()
