import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { linkParts, PARTS, partsDirectory, takesParts } from '../../../node/score/cuda-parts.ts'
import { installCuda } from '../../../node/score/install-cuda.ts'
import { runtimeVersion } from '../../../node/score/runtime-files.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { makeZip } from './make-zip.ts'

interface Context {
  dir: string
  runtime: string
  server: Server
  endpoint: string
  /** the package that the feed gives, and what it says of it */
  archive: Buffer
  told: { packageHash: string; packageHashAlgorithm: string; packageSize: number }
  requests: string[]
  meddle: (req: IncomingMessage, res: ServerResponse) => boolean
}

const NATIVE = 'runtimes/linux-x64/native'
const parts = {
  [`${NATIVE}/${PARTS[0]}`]: Buffer.from('shared'.repeat(5_000)),
  [`${NATIVE}/libonnxruntime_providers_tensorrt.so`]: Buffer.from('nobody asked for it'),
  [`${NATIVE}/${PARTS[1]}`]: Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)),
  'README.md': Buffer.from('a package'),
}

const test = suite<Context>('gpu install cuda')
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-cuda-'))
  context.runtime = join(context.dir, 'runtime-here')
  await mkdir(context.runtime)
  context.requests = []
  context.meddle = () => false
  give(context, makeZip(parts))
  context.server = createServer((req, res) => answer(context, req, res))
  await once(context.server.listen(0, '127.0.0.1'), 'listening')
  context.endpoint = `http://127.0.0.1:${(context.server.address() as AddressInfo).port}/v3/index.json`
})
test.after.each(async ({ dir, runtime, server }) => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await chmod(runtime, 0o755).catch(() => {})
  await rm(dir, { recursive: true, force: true })
})

function give(context: Context, archive: Buffer): void {
  const packageHash = createHash('sha512').update(archive).digest('base64')
  context.archive = archive
  context.told = { packageHash, packageHashAlgorithm: 'SHA512', packageSize: archive.length }
}

/** As nuget.org answers, whose registrations are gzipped. */
function answer(context: Context, req: IncomingMessage, res: ServerResponse): unknown {
  const url = req.url ?? ''
  context.requests.push(`${url}${req.headers.range ? ` ${req.headers.range}` : ''}`)
  if (context.meddle(req, res)) return
  const origin = new URL(context.endpoint).origin
  const json = (value: object) =>
    res.setHeader('content-encoding', 'gzip').end(gzipSync(JSON.stringify(value)))
  const name = `microsoft.ml.onnxruntime.gpu.linux/${runtimeVersion()}`
  if (url === '/v3/index.json')
    return json({
      resources: [
        { '@id': `${origin}/other/`, '@type': 'SearchQueryService' },
        { '@id': `${origin}/reg/`, '@type': 'RegistrationsBaseUrl/3.6.0' },
      ],
    })
  if (url === `/reg/${name}.json`)
    return json({ catalogEntry: `${origin}/catalog.json`, packageContent: `${origin}/p.nupkg` })
  if (url === '/catalog.json') return json(context.told)
  if (url !== '/p.nupkg') return res.writeHead(404).end()
  const start = Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? '')?.[1] ?? 0)
  const rest = context.archive.subarray(start)
  const range = { 'content-range': `bytes ${start}-${context.archive.length - 1}/${context.archive.length}` }
  res.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, ...(start > 0 ? range : {}) })
  res.end(rest)
}

const refusal = (context: Context): Promise<ShoalError> =>
  install(context).then(
    () => assert.unreachable(),
    (error) => error,
  )
const install = ({ dir, endpoint, runtime }: Context, options: object = {}) =>
  installCuda(dir, { endpoint, runtime, ...options })

if (!takesParts()) console.log('skipped: CUDA parts are for Linux on x64 alone')
else {
  test('the two parts lie in the data directory, and the runtime finds them', async (context) => {
    let last = 0
    const installed = await install(context, { onProgress: ({ bytes }: { bytes: number }) => (last = bytes) })
    assert.is(last, context.archive.length)
    assert.is(installed.version, runtimeVersion())
    assert.is(installed.directory, partsDirectory(context.dir))
    assert.equal([installed.wasThere, installed.commands], [false, []])
    assert.is(installed.bytes, 330_000)
    for (const one of installed.missing) assert.match(one, /: /)
    // the archive is gone, and what nobody asked for was left in it
    assert.equal((await readdir(installed.directory)).sort(), [...PARTS].sort())
    for (const name of PARTS) {
      assert.is(await readlink(join(context.runtime, name)), join(installed.directory, name))
      assert.equal(await readFile(join(context.runtime, name)), parts[`${NATIVE}/${name}`])
    }
    const before = context.requests.length
    const again = await install(context)
    assert.is(again.wasThere, true)
    assert.is(context.requests.length, before)
    // the package came anew
    await rm(join(context.runtime, PARTS[1]))
    assert.equal(await linkParts(installed.directory, context.runtime), [])
    assert.equal(await readFile(join(context.runtime, PARTS[1])), parts[`${NATIVE}/${PARTS[1]}`])
  })

  test('what broke off is gone on with', async (context) => {
    context.meddle = (req, res) => {
      if (req.url !== '/p.nupkg' || req.headers.range) return false
      res.writeHead(200, { 'content-length': context.archive.length })
      res.write(context.archive.subarray(0, 1_000), () => setTimeout(() => res.destroy(), 50))
      return true
    }
    const installed = await install(context)
    assert.is(installed.bytes, 330_000)
    assert.ok(
      context.requests.some((request) => /^\/p\.nupkg bytes=\d+-$/.test(request)),
      `${context.requests}`,
    )
  })

  test('another archive than the feed tells of is refused, and nothing stays of it', async (context) => {
    context.told.packageHash = createHash('sha512').update('another').digest('base64')
    const { code, message } = await refusal(context)
    assert.is(code, 'gpu_hash')
    assert.match(message, /sha512/)
    context.told.packageSize = 7
    assert.is((await refusal(context)).code, 'gpu_hash')
    assert.equal(await readdir(context.runtime), [])
  })

  test('an archive that is none, lacks a part or has a damaged one is refused', async (context) => {
    give(context, Buffer.from('no archive at all'))
    assert.is((await refusal(context)).code, 'zip_broken')
    give(context, makeZip({ [`${NATIVE}/${PARTS[0]}`]: Buffer.from('one') }))
    assert.match((await refusal(context)).message, /lacks .*providers_cuda/)
    give(
      context,
      makeZip(parts, () => 7),
    )
    const { code, message } = await refusal(context)
    assert.is(code, 'zip_broken')
    assert.match(message, /CRC-32/)
    assert.equal(await readdir(context.runtime), [])
    // and then it comes whole
    give(context, makeZip(parts))
    assert.is((await install(context)).wasThere, false)
  })

  test('a feed that says nothing of use is refused', async (context) => {
    const says = async (path: string, value: unknown) => {
      context.meddle = (req, res) => {
        if (req.url !== path) return false
        res.end(typeof value === 'string' ? value : JSON.stringify(value))
        return true
      }
      return (await refusal(context)).code
    }
    for (const value of [
      '',
      'null',
      '[1',
      {},
      { resources: 7 },
      { resources: [null, { '@type': 'RegistrationsBaseUrl' }] },
    ])
      assert.is(await says('/v3/index.json', value), 'gpu_download')
    for (const value of [{}, { packageHash: 'AAAA', packageHashAlgorithm: 'SHA512', packageSize: 3 }])
      assert.is(await says('/catalog.json', value), 'gpu_download')
    context.meddle = (_, res) => {
      res.writeHead(503).end()
      return true
    }
    assert.is((await refusal(context)).code, 'gpu_download')
  })

  test('where the runtime may not be written to, somebody is told what to run', async (context) => {
    const place = join(context.dir, 'a-file')
    await writeFile(place, '')
    const { commands } = await install({ ...context, runtime: place })
    assert.is(commands.length, 2)
    for (const command of commands) assert.match(command, /^ln -sf '.*providers_\w+\.so' '.*a-file.*'$/)
  })

  test('what is there already, put there by somebody else, stays', async (context) => {
    await writeFile(join(context.runtime, PARTS[0]), 'their own')
    await install(context)
    assert.is(await readFile(join(context.runtime, PARTS[0]), 'utf8'), 'their own')
  })
}

test.run()
