import { once } from 'node:events'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { askDaemon, serveControl } from '../../node/control.ts'
import { ShoalError } from '../../protocol/errors.ts'

const control = suite<{ dir: string }>('control socket')

control.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-control-'))
})
control.after.each(({ dir }) => rm(dir, { recursive: true, force: true }))

const echo = async ({ command, argument }: { command: string; argument?: unknown }) => {
  if (command === 'fail') throw new ShoalError('it_failed', 'as it was told')
  return command === 'nothing' ? undefined : { argument }
}

control('answers, with results and with failures; only its owner gets in', async ({ dir }) => {
  assert.is(await askDaemon(dir, { command: 'echo' }), undefined, 'nobody is there')
  const server = await serveControl(dir, echo)
  try {
    assert.equal(await askDaemon(dir, { command: 'echo', argument: ['ä', 1] }), { argument: ['ä', 1] })
    assert.is(await askDaemon(dir, { command: 'nothing' }), null)
    const error = (await askDaemon(dir, { command: 'fail' }).catch((failure) => failure)) as ShoalError
    assert.is(error.code, 'it_failed')
    if (process.platform !== 'win32') {
      assert.is((await stat(join(dir, 'control'))).mode & 0o777, 0o700)
      assert.is((await stat(join(dir, 'control', 'socket'))).mode & 0o777, 0o600)
    }
  } finally {
    await server.close()
  }
  assert.is(await askDaemon(dir, { command: 'echo' }), undefined, 'it has ended')
})

control('how far it is comes before the result, and whoever goes ends it', async ({ dir }) => {
  const gone = Promise.withResolvers<void>()
  const server = await serveControl(dir, async ({ command }, { onProgress, signal }) => {
    onProgress({ done: 1 })
    if (command === 'short') return 'done'
    signal.addEventListener('abort', () => gone.resolve())
    return new Promise(() => {})
  })
  try {
    const told: unknown[] = []
    assert.is(await askDaemon(dir, { command: 'short' }, undefined, (one) => told.push(one)), 'done')
    assert.equal(told, [{ done: 1 }])
    const stop = new AbortController()
    await askDaemon(dir, { command: 'long' }, stop.signal, () => stop.abort()).catch(() => {})
    const late = setTimeout(() => gone.reject(new Error('it goes on')), 120_000)
    await gone.promise
    clearTimeout(late)
  } finally {
    await server.close()
  }
})

control('whoever asked may stop waiting', async ({ dir }) => {
  const server = await serveControl(dir, () => new Promise(() => {}))
  try {
    const stop = new AbortController()
    const asked = askDaemon(dir, { command: 'endless' }, stop.signal).catch((failure) => failure)
    setTimeout(() => stop.abort(), 50)
    assert.is(((await asked) as ShoalError).code, 'control_broken')
    assert.is(
      (await askDaemon(dir, { command: 'x' }, stop.signal).catch(({ name }) => name)) as string,
      'AbortError',
    )
  } finally {
    await server.close()
  }
})

control('takes the place of a dead process’s socket, and a directory open to others', async ({ dir }) => {
  if (process.platform === 'win32') return
  await mkdir(join(dir, 'control'), { mode: 0o777 })
  await writeFile(join(dir, 'control', 'socket'), '')
  const server = await serveControl(dir, echo)
  assert.is((await stat(join(dir, 'control'))).mode & 0o777, 0o700)
  assert.equal(await askDaemon(dir, { command: 'echo', argument: 1 }), { argument: 1 })
  await server.close()
})

control(
  'what is no request is refused, what is endless is cut off, and others are answered',
  async ({ dir }) => {
    if (process.platform === 'win32') return
    const server = await serveControl(dir, echo)
    const path = join(dir, 'control', 'socket')
    for (const line of ['nonsense', '{"command":1}', 'null', '[]']) {
      const socket = connect(path).setEncoding('utf8')
      socket.write(`${line}\n`)
      const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(120_000) })
      assert.is(JSON.parse(answer).error.code, 'control_request')
      socket.destroy()
    }
    const flood = connect(path).on('error', () => {})
    flood.write(Buffer.alloc(2 * 1024 * 1024, 'x'))
    await new Promise((done) => flood.once('close', done))
    assert.equal(await askDaemon(dir, { command: 'echo', argument: 1 }), { argument: 1 })
    await server.close()
  },
)

control('a path too long for a socket is refused with what to do', async ({ dir }) => {
  if (process.platform === 'win32') return
  const error = (await askDaemon(join(dir, 'x'.repeat(100)), { command: 'echo' }).catch(
    (failure) => failure,
  )) as ShoalError
  assert.is(error.code, 'control_path')
  assert.match(error.message, /--data/)
})

control.run()
