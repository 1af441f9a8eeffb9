import { createHash } from 'node:crypto'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { ShoalError } from '../protocol/errors.ts'

/** What a daemon is asked: a command, and its argument as JSON. */
export interface ControlRequest {
  command: string
  argument?: unknown
}

/** While a command is at work. */
export interface Running {
  /** Tell how far it is: the asker gets the latest now and then. */
  onProgress(progress: unknown): void
  /** aborted when whoever asked has gone */
  signal: AbortSignal
}

type Answer = (request: ControlRequest, running: Running) => Promise<unknown>

/** Milliseconds between two words on how far a command is. */
const PROGRESS_MS = 100
/** Bytes of a socket's path that macOS allows; Linux allows four more. */
const MAX_PATH_BYTES = 103
/** Characters of a request: the files of a campaign, each by its path. */
const MAX_REQUEST_CHARS = 1024 * 1024
/** Milliseconds to reach a daemon: it is on this machine. */
const CONNECT_MS = 5_000

/**
 * Where a data directory's daemon listens.
 *
 * @throws ShoalError `control_path` where the system allows no socket there
 */
function controlPath(dataDir: string): string {
  const dir = resolve(dataDir)
  if (process.platform === 'win32')
    return `\\\\.\\pipe\\shoal-${createHash('sha256').update(dir).digest('hex').slice(0, 32)}`
  const path = join(dir, 'control', 'socket')
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path
  throw new ShoalError('control_path', `${path} is too long for a socket: choose a shorter place with --data`)
}

/**
 * Answer requests on a Unix socket that its owner alone can reach (on Windows a named pipe): one JSON object a line,
 * `{ command, argument }` → `{ result }` or `{ error: { code, message } }`, in turn; before it come any number of
 * `{ progress }`. Only who has the database open may call it: a socket that is there is a dead process's.
 *
 * @throws ShoalError `control_path`, `control_failed`
 */
export async function serveControl(dataDir: string, answer: Answer): Promise<{ close(): Promise<void> }> {
  const path = controlPath(dataDir)
  const isFile = process.platform !== 'win32'
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    converse(socket, answer).catch(() => socket.destroy())
  })
  try {
    if (isFile) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      // nobody else gets into the directory, whoever made it, before the socket is there
      await chmod(dirname(path), 0o700)
      await rm(path, { force: true })
    }
    await new Promise<void>((done, fail) => server.once('error', fail).listen(path, done))
    if (isFile) await chmod(path, 0o600)
  } catch (cause) {
    throw new ShoalError('control_failed', `can't listen at ${path} (${(cause as Error).message})`, { cause })
  }
  return {
    async close() {
      // answers that are under way may be sent, others are not waited for
      for (const socket of sockets) socket.destroySoon()
      await new Promise((done) => server.close(done))
    },
  }
}

async function converse(socket: Socket, answer: Answer): Promise<void> {
  let chars = 0
  socket.on('data', (data) => {
    chars += data.length
    if (chars > MAX_REQUEST_CHARS) socket.destroy()
  })
  const gone = new AbortController()
  socket.once('close', () => gone.abort(new ShoalError('control_gone', 'whoever asked for it has gone')))
  let last = 0
  function onProgress(progress: unknown): void {
    const now = performance.now()
    if (now - last < PROGRESS_MS || !socket.writable || socket.writableLength > 0) return
    last = now
    socket.write(`${JSON.stringify({ progress })}\n`)
  }
  for await (const line of linesOf(socket)) {
    chars = 0
    let isAtWork = true
    const reply = await replyTo(line, (request) =>
      answer(request, { signal: gone.signal, onProgress: (progress) => isAtWork && onProgress(progress) }),
    )
    isAtWork = false
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`)
  }
}

/** It ends with the socket, however that ends. */
function linesOf(socket: Socket): AsyncIterable<string> {
  const lines = createInterface({ input: socket })
  socket.once('close', () => lines.close())
  return lines
}

async function replyTo(line: string, answer: (request: ControlRequest) => Promise<unknown>): Promise<object> {
  try {
    return { result: (await answer(readRequest(line))) ?? null }
  } catch (error) {
    const { code = 'unexpected', message } = error as ShoalError
    return { error: { code, message } }
  }
}

function readRequest(line: string): ControlRequest {
  try {
    const { command, argument } = JSON.parse(line) as Partial<ControlRequest>
    if (typeof command === 'string') return { command, argument }
  } catch {}
  throw new ShoalError('control_request', 'a request is a JSON object with a command, on one line')
}

/**
 * Ask the daemon of a data directory.
 *
 * @param signal - ends the wait; of what was asked for, commands that tell how far they are end with it
 * @param onProgress - told how far it is
 * @returns its result; undefined where no daemon runs
 * @throws ShoalError with the daemon's own code; `control_broken` where it ends before it answers
 */
export async function askDaemon(
  dataDir: string,
  request: ControlRequest,
  signal?: AbortSignal,
  onProgress: (progress: unknown) => void = () => {},
): Promise<unknown> {
  const socket = await reach(controlPath(dataDir))
  if (socket === null) return undefined
  const hangUp = () => socket.destroy()
  signal?.addEventListener('abort', hangUp)
  try {
    signal?.throwIfAborted()
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const line of linesOf(socket)) {
      const { result, error, progress } = JSON.parse(line)
      if (error) throw new ShoalError(error.code, error.message)
      if (progress === undefined) return result
      onProgress(progress)
    }
  } finally {
    signal?.removeEventListener('abort', hangUp)
    socket.destroy()
  }
  throw new ShoalError('control_broken', 'the daemon ended before it answered: look into its log')
}

function reach(path: string): Promise<Socket | null> {
  return new Promise((done, fail) => {
    const socket = connect(path)
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('it does not answer')))
    socket.once('connect', () => done(socket.setTimeout(0)))
    socket.on('error', (cause: NodeJS.ErrnoException) =>
      cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED'
        ? done(null)
        : fail(
            new ShoalError('control_failed', `can't reach the daemon at ${path} (${cause.message})`, {
              cause,
            }),
          ),
    )
  })
}
