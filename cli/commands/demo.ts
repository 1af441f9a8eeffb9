import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { askDaemon } from '../../node/control.ts'
import { findDataDir, logFile } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'
import { catchCheats } from '../demo/catch-cheats.ts'
import { fetchShards, saveShards } from '../demo/collect-shards.ts'
import { type DemoNode, startNodes } from '../demo/nodes.ts'
import { showProgress } from '../demo/show-progress.ts'
import { addUpDemo, type DemoResult, showSummary } from '../demo/show-summary.ts'
import { type Sites, startSites } from '../demo/sites.ts'
import { poll } from '../demo/until.ts'
import { watchNodes } from '../demo/watch-nodes.ts'

/** Tells a demo's directory from one that a person made. */
const MARKER = '.shoal-demo'
const NODES = 3
/** The one that cheats, if any does: the last. */
const CHEAT = NODES - 1
/**
 * One verifier a shard, since two honest nodes are left when the third is caught; so few rows that audits take less
 * time than the work, and so many that a forged shard is found out.
 */
const AUDIT = { verifiers: 1, samples: 8 }
/** Milliseconds for the first claim. */
const CLAIM_MS = 60_000

/** Of a node's log, to see why the demo failed. */
const LAST_LINES = 8

/** Three daemons in processes of their own share out a campaign, and get each other's shards. */
export async function run(context: Context): Promise<void> {
  const { options, output, signal } = context
  const dataDir = join(findDataDir(options.data), 'demo')
  await prepare(dataDir)
  output.print(`${NODES} nodes share out a small crawl of made-up sites; nobody is in charge of them.`)
  if (options.cheat !== 'none') output.print('One of them cheats. The others are to find out.')
  output.print('The sites are a web server on this machine; no packet leaves it.')
  output.print()
  let result: DemoResult
  try {
    result = await shareOut(context, dataDir)
  } catch (error) {
    if (!signal.aborted && !options.verbose) await showLogs(dataDir)
    throw error
  }
  showSummary(output, result, join(dataDir, 'node-1'))
  output.emit(result)
  if (!result.verified)
    throw new ShoalError('not_verified', 'the nodes do not have all shards: run the demo again')
}

async function shareOut({ options, output, signal }: Context, dataDir: string): Promise<DemoResult> {
  const started = performance.now()
  await using sites = await openSites()
  const { hosts, archives } = sites
  const { threads = 1, verbose } = options
  const cheat = options.cheat === 'none' ? null : (options.cheat ?? 'scores')
  await using running = await startNodes(
    dataDir,
    NODES,
    { hosts, threads, verbose },
    (number) => (number === CHEAT + 1 ? cheat : null),
    signal,
  )
  const { nodes } = running
  const first = nodes[0]!
  const honest = cheat === null ? nodes : nodes.toSpliced(CHEAT, 1)
  // so that it gets a segment before all are taken
  if (cheat !== null) await Promise.all(honest.map((node) => node.ask('pause')))
  const [{ campaign }, { addresses }] = await Promise.all([
    first.ask('create', {
      ...{ name: 'The demo crawl', contact: 'https://shoal.example/demo', preset: 'laion-5b' },
      ...{ files: archives, kind: 'warc', base: null, parts: 1, model: null, threshold: null, audit: AUDIT },
    }),
    first.ask('status'),
  ])
  await Promise.all(nodes.slice(1).map((node) => node.ask('join', { cid: campaign, peer: addresses[0] })))
  if (cheat !== null) {
    await untilItWorks(nodes[CHEAT]!, running.signal)
    await Promise.all(honest.map((node) => node.ask('resume')))
  }

  const progress = showProgress(process.stderr, { json: output.json, plain: verbose })
  let watched: Awaited<ReturnType<typeof watchNodes>>
  try {
    watched = await watchNodes(nodes, running.signal, progress.update)
  } finally {
    progress.stop()
  }
  const { segments, shards: states, digest, peerIds } = watched
  const idOf = (node: DemoNode) => peerIds[nodes.indexOf(node)]!
  const caught = await catchCheats(
    honest.map((node) => ({ node, peerId: idOf(node) })),
    states,
  )
  const { shards, fetched } = await fetchShards(nodes, segments)
  await running.stop()
  await saveShards(first.dataDir, shards, join(dataDir, 'out'))
  return addUpDemo(
    shards,
    nodes.map((node, i) => ({
      ...{ peerId: peerIds[i]!, digest, fetched: fetched[i]!, cheat: honest.includes(node) ? null : cheat },
      segments: segments.filter(({ peer }) => peer === peerIds[i]).map(({ segment }) => segment),
    })),
    { states, caught },
    { campaign, seconds: (performance.now() - started) / 1000 },
  )
}

function untilItWorks(node: DemoNode, signal: AbortSignal): Promise<true> {
  return poll(
    signal,
    CLAIM_MS,
    () => `${node.name} claimed nothing`,
    async () => (await node.ask('status')).work.length > 0 || null,
  )
}

async function showLogs(dataDir: string): Promise<void> {
  for (let i = 1; i <= NODES; i++) {
    const file = logFile(join(dataDir, `node-${i}`))
    const lines = (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n')
    const tail = lines.slice(-LAST_LINES).join('\n')
    process.stderr.write(tail === '' ? `${file} is empty\n` : `${file} ends:\n${tail}\n`)
  }
}

async function openSites(): Promise<Sites & AsyncDisposable> {
  const sites = await startSites()
  return { ...sites, [Symbol.asyncDispose]: sites.close }
}

/** Each demo begins anew: what an earlier one left is removed, what is somebody's own is not touched. */
async function prepare(dir: string): Promise<void> {
  const found = await readdir(dir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (found.length > 0 && !found.includes(MARKER))
    throw new ShoalError(
      'demo_directory',
      `${dir} holds files that are not the demo's: choose another place with --data`,
    )
  const running = await askDaemon(join(dir, 'node-1'), { command: 'status' }).catch(() => undefined)
  if (running !== undefined)
    throw new ShoalError(
      'demo_running',
      `a demo runs in ${dir}: wait for its end, or choose another place with --data`,
    )
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  await writeFile(
    join(dir, MARKER),
    'Made by `shoal demo`, which removes this directory when it runs again.\n',
  )
}
