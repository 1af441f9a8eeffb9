import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import { playCrawl } from '../node/daemon/play-crawl.ts'
import { type DaemonProcess, startProcesses, until } from '../node/daemon/start-processes.ts'
import { countsOf } from '../node/daemon/watch-campaign.ts'
import { readBlocks } from './read-blocks.ts'

/**
 * The pages for organisers, volunteers and researchers, command by command as they stand there: one organiser, one
 * volunteer, on this machine; then somebody who has no node. What the pages call by names such as `$RELEASE` is in the environment.
 */
const pages = suite('pages for people, run')
const root = fileURLToPath(new URL('../../', import.meta.url))
/** Milliseconds for the commands of one block; some seconds, where a machine has nothing else to do. */
const BLOCK_MS = 240_000

let dir = ''
let crawl: Awaited<ReturnType<typeof playCrawl>>
let nodes: ReturnType<typeof startProcesses>
let organiser: DaemonProcess
let volunteer: DaemonProcess
/** by the names that the pages have for them */
const words: Record<string, string> = {}

pages.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-docs-'))
  crawl = await playCrawl()
  nodes = startProcesses(dir, {
    ...{ loopback: { hosts: crawl.hosts }, contentionMs: 500, syncEveryMs: 500 },
    gateway: { host: '127.0.0.1', port: 0 },
    dashboard: true,
  })
  const bin = join(dir, 'bin')
  await mkdir(bin)
  const program = fileURLToPath(new URL('./shoal.ts', import.meta.url))
  await writeFile(join(bin, 'shoal'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`)
  // a page that says npx means the program that it would get
  await writeFile(join(bin, 'npx'), '#!/bin/sh\n[ "$1" = shoal ] && shift && exec shoal "$@"\n')
  for (const name of ['shoal', 'npx']) await chmod(join(bin, name), 0o755)
  organiser = await nodes.start('organiser')
  words.PEER = organiser.address
  volunteer = await nodes.start('volunteer', { peers: [organiser.address] })
})
pages.after(async () => {
  await nodes?.killAll()
  await crawl?.close()
  await rm(dir, { recursive: true, force: true })
})

/** Run a page's blocks in an empty directory. @param before - told what comes, to have ready what it needs */
async function runPage(
  page: string,
  home: string,
  files: readonly string[],
  before: (script: string) => Promise<void>,
): Promise<void> {
  const cwd = await mkdtemp(join(dir, 'page-'))
  for (const file of files)
    await copyFile(new URL(`../../cli/demo/files/${file}`, import.meta.url), join(cwd, 'photo.jpg'))
  const blocks = readBlocks(await readFile(`${root}docs/${page}`, 'utf8'))
  for (const { line, script } of blocks) {
    await before(script)
    await runBlock(`docs/${page}:${line}`, script, cwd, home)
  }
}

async function runBlock(place: string, script: string, cwd: string, home: string): Promise<void> {
  const path = [join(dir, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter)
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    ...{ cwd, timeout: BLOCK_MS, stdio: ['ignore', 'pipe', 'pipe'] },
    env: {
      ...{ PATH: path, HOME: home, SHOAL_HOME: home, SHOAL_LOCAL: 'true' },
      ...{ SHOAL_LISTEN: '/ip4/127.0.0.1/tcp/0', SHOAL_GATEWAY: 'none', SHOAL_DASHBOARD: '127.0.0.1:0' },
      ...words,
    },
  })
  let said = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000)
    })
  const status = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)))
  if (status !== 0)
    throw new Error(`${place} ended with ${status}:\n${script}\n${said}\n${await nodes.tails()}`)
}

/** What the volunteers' node has made is verified by the organiser's, and the other way round. */
async function untilVerified(): Promise<void> {
  await until('all shards are verified', async () => {
    const { states, segments } = await countsOf(organiser, words.CAMPAIGN!)
    return states.verified === segments
  })
}

pages('for organisers: define a campaign, watch it, release it', async () => {
  await runPage('for-organisers.md', organiser.dataDir, [], async (script) => {
    const [campaign] = await organiser.ask('list')
    if (campaign && words.CAMPAIGN === undefined) {
      words.CAMPAIGN = campaign.campaign
      await volunteer.ask('join', { cid: campaign.campaign, peer: null })
    }
    if (script.includes('$SHARD') || script.includes('release create')) await untilVerified()
    const [shard] = await organiser.ask('listShards')
    if (shard) words.SHARD = shard.manifest
    const [release] = await organiser.ask('listReleases')
    if (release) words.RELEASE = release.release
  })
})

pages('for volunteers: start, look, limit, pause', () =>
  runPage('for-volunteers.md', volunteer.dataDir, [], async () => {}),
)

pages('for researchers: get, look, take elsewhere', async () => {
  const { gateway } = await organiser.ask('status')
  words.GATEWAY = gateway!
  const home = join(dir, 'researcher')
  await mkdir(home)
  await runPage('for-researchers.md', home, ['noto-bell.jpg'], async (script) => {
    if (!script.includes('$PAIR')) return
    const { hits } = await organiser.ask('search', {
      ...{ kind: 'domain', value: 'h0.example', campaign: null, limit: 1, model: null },
    })
    words.PAIR = hits[0]!.uid
  })
})

pages.run()
