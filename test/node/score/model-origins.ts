import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ModelFile, readModelFiles } from '../../../node/score/model-files.ts'
import { type ObtainOptions, obtainModel } from '../../../node/score/score.ts'
import type { ModelPeer } from '../../../node/score/take-from-peers.ts'
import { writeTinyModel } from './tiny-model.ts'

export interface Context {
  /** the model, as its publisher has it */
  directory: string
  cacheDir: string
  files: ModelFile[]
  server: Server
  endpoint: string
  /** what the origin was asked for */
  requests: string[]
  meddle: (req: IncomingMessage, res: ServerResponse) => boolean
}

export const VISION = 'onnx/vision_model.onnx'
export const REPO = 'some/tiny@v1'

/** Each test of the suite has a small model at an origin on this machine, and an empty cache. */
export function giveModels(test: Test<Context>): void {
  test.before.each(async (context) => {
    context.directory = await mkdtemp(join(tmpdir(), 'shoal-origin-'))
    context.cacheDir = await mkdtemp(join(tmpdir(), 'shoal-models-'))
    await writeTinyModel(context.directory, { side: 4 })
    context.files = await readModelFiles(context.directory, 'fp32')
    context.requests = []
    context.meddle = () => false
    context.server = createServer(async (req, res) => {
      const path = /^\/some\/tiny\/resolve\/v1\/(.*)$/.exec(req.url ?? '')?.[1]
      context.requests.push(`${path ?? req.url}${req.headers.range ? ` ${req.headers.range}` : ''}`)
      if (context.meddle(req, res)) return
      const body = path === undefined ? null : await readFile(join(context.directory, path)).catch(() => null)
      if (body === null) return void res.writeHead(404).end()
      const start = Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? '')?.[1] ?? 0)
      const range = { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }
      const length = { 'content-length': body.length - start }
      res.writeHead(start > 0 ? 206 : 200, start > 0 ? { ...length, ...range } : length)
      res.end(body.subarray(start))
    })
    await once(context.server.listen(0, '127.0.0.1'), 'listening')
    context.endpoint = `http://127.0.0.1:${(context.server.address() as AddressInfo).port}`
  })
  test.after.each(async ({ server, directory, cacheDir }) => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await rm(directory, { recursive: true, force: true })
    await rm(cacheDir, { recursive: true, force: true })
  })
}

/** What a peer gives of the vision tower; of other files it gives what is right. */
export type Deed = (body: Buffer, offset: number) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Peers that have a model's files, and what they were asked for: `name file from offset`. */
export function makePeers(
  { directory, files }: Pick<Context, 'directory' | 'files'>,
  deeds: Record<string, Deed>,
) {
  const asked: string[] = []
  async function* peers(): AsyncGenerator<ModelPeer> {
    for (const [id, deed] of Object.entries(deeds)) {
      yield {
        id,
        async *read(hash, offset) {
          const file = files.find((one) => one.sha256 === hash)!
          asked.push(`${id} ${file.path} from ${offset}`)
          const body = await readFile(join(directory, file.path))
          yield* file.path === VISION ? deed(body, offset) : [body.subarray(offset)]
        },
      }
    }
  }
  const ofVision = () =>
    asked.filter((line) => line.includes(VISION)).map((line) => line.replace(` ${VISION}`, ''))
  return { peers, asked, ofVision }
}

export const honest: Deed = (body, offset) => [body.subarray(offset)]
export const wrong: Deed = (body, offset) => [Buffer.alloc(body.length - offset, 7)]
/** Gives so many bytes, then the connection breaks. */
export function cutAfter(bytes: number, from: Deed = honest): Deed {
  return function* (body, offset) {
    const [part] = from(body, offset) as Iterable<Uint8Array>
    yield part!.subarray(0, bytes)
    throw new Error('the stream was reset')
  }
}

export function obtain(
  { cacheDir, endpoint, files }: Context,
  options: Partial<ObtainOptions> = {},
  repo = 'tiny',
) {
  return obtainModel({ repo, files }, { cacheDir, endpoint, given: [], offline: true, ...options })
}

export async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return promise.then(
    () => assert.unreachable('it should have been refused'),
    (error) => error,
  ) as Promise<{ code: string; message: string }>
}

export async function holdsModel(directory: string, files: readonly ModelFile[]): Promise<void> {
  assert.equal(await readModelFiles(directory, 'fp32'), files)
  const names = await readdir(directory, { recursive: true })
  assert.is(names.filter((name) => name.endsWith('.part')).length, 0)
}
