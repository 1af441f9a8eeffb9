import { VERSION } from '../node/version.ts'
import { ShoalError } from '../protocol/errors.ts'
import { boundArenas } from './bound-arenas.ts'
import { describeFailure, reportFailure } from './failure.ts'
import { type Invocation, parse } from './parse.ts'
import { readModel } from './read-model.ts'

const LEAST_NODE = 24
/** What the scripts of `shoal completion` call. */
const COMPLETE = '__complete'
/** How long the process may live on after its command ended: something was left open. */
const LINGER_MS = 3_000

process.exitCode = await main(process.argv.slice(2))
setTimeout(() => process.exit(), LINGER_MS).unref()

/** @returns the exit status: 0 done, 1 failed, 2 bad usage, 128 + n ended by signal n */
async function main(argv: string[]): Promise<number> {
  // somebody who reads the first lines only (`| head`) is content: no reason to complain
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  process.on('uncaughtException', (error) => {
    reportFailure(describeFailure(error, null), argv.includes('--json'))
    process.exit(1)
  })
  const interruption = listenForSignals()
  try {
    checkNode()
    enterCallersDirectory()
    if (argv[0] === COMPLETE) {
      const { answerShell } = await import('./answer-shell.ts')
      await answerShell(argv.slice(1))
      return 0
    }
    const invocation = parse(argv)
    if (invocation.show === 'version') console.log(VERSION)
    else if (invocation.show === 'help') {
      const { showHelp } = await import('./help.ts')
      showHelp(invocation.command, process.stdout)
    } else {
      const { settle } = await import('./config.ts')
      await runCommand(settle(invocation), interruption.signal)
    }
    return 0
  } catch (error) {
    const failure = describeFailure(error, interruption.name())
    reportFailure(failure, argv.includes('--json'))
    return failure.status
  }
}

async function runCommand(
  { command, args, options, typed }: Extract<Invocation, { show: 'command' }>,
  signal: AbortSignal,
): Promise<void> {
  if (options.threads !== undefined) {
    const { holdThreads } = await import('./hold-threads.ts')
    holdThreads(options.threads)
  }
  boundArenas()
  // loaded here, so that `--help` and bad usage are answered at once
  const [{ openOutput }, { startProgress }, { drawLines, isTerminal }, { run }] = await Promise.all([
    import('./output.ts'),
    import('./progress.ts'),
    import('./live-lines.ts'),
    command.load(),
  ])
  const { json, verbose } = options
  const output = openOutput({
    json,
    startProgress: () => startProgress(process.stderr, { json, plain: verbose }),
    lines:
      !json && !verbose && isTerminal(process.stdout) && isTerminal(process.stderr)
        ? drawLines(process.stderr)
        : null,
  })
  try {
    if (options.model !== undefined) options.model = await readModel(options.model, options)
    await run({ args, options, typed, output, signal })
  } finally {
    output.endProgress()
  }
}

function checkNode(): void {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= LEAST_NODE) return
  throw new ShoalError(
    'node_version',
    `Node ${LEAST_NODE} is needed, this is ${process.versions.node}: get it from https://nodejs.org, or use npx, which brings its own`,
  )
}

/** `npm run` goes to the package's own directory, but paths are meant from where the caller stands. */
function enterCallersDirectory(): void {
  const { npm_lifecycle_event: script, INIT_CWD: cwd } = process.env
  if ((script === 'shoal' || script === 'start') && cwd) process.chdir(cwd)
}

/** The first SIGINT or SIGTERM aborts the command, which saves its state; the second ends the process at once. */
function listenForSignals(): { signal: AbortSignal; name: () => NodeJS.Signals | null } {
  const controller = new AbortController()
  let name: NodeJS.Signals | null = null
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (name !== null) process.exit(signal === 'SIGINT' ? 130 : 143)
      name = signal
      controller.abort()
    })
  return { signal: controller.signal, name: () => name }
}
