import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Ended, runShoal, startShoal } from './run-shoal.ts'

const commands = suite<{ dir: string }>('commands as processes')
const WARC = fileURLToPath(new URL('../../cli/demo/demo.warc.gz', import.meta.url))
const WAT = fileURLToPath(new URL('../../cli/demo/demo.warc.wat.gz', import.meta.url))

commands.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'shoal-commands-'))
})
commands.after(({ dir }) => rm(dir, { recursive: true, force: true }))

const lines = ({ stdout }: Ended) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

function succeeds(ended: Ended) {
  assert.is(ended.status, 0, ended.stderr)
  assert.not.match(ended.stdout + ended.stderr, /\x1b/, 'escape codes in a pipe')
}

commands('crawl --json: one object, whose outcomes add up, and files where it says', async ({ dir }) => {
  const ended = await runShoal([
    'crawl',
    WARC,
    '--offline',
    '--json',
    '--data',
    dir,
    '--out',
    join(dir, 'files'),
  ])
  succeeds(ended)
  assert.is(ended.stderr, '')
  const [total, ...others] = lines(ended)
  assert.is(others.length, 0)
  assert.ok(total.candidates > 100)
  const outcomes = Object.values<number>(total.outcomes)
  assert.is(
    outcomes.reduce((sum, count) => sum + count, 0),
    total.candidates,
  )
  assert.is(total.verified, true)
  assert.is(total.counts.candidates, total.candidates)
  assert.is(total.segments.length, 1)
  assert.match(total.manifest, /^bafyrei/)
  for (const name of ['pairs.parquet', 'outcomes.parquet']) {
    const { path, bytes, cid } = total.files[name]
    assert.ok(path.startsWith(join(dir, 'files')))
    assert.is((await readFile(path)).length, bytes)
    assert.match(cid, /^baf/)
  }
  assert.is(total.files['outcomes.parquet'].rows, total.candidates)
})

commands('several files: a line for each, then the totals', async ({ dir }) => {
  const ended = await runShoal(['crawl', WARC, WAT, '--offline', '--json', '--data', dir])
  succeeds(ended)
  const [first, second, total] = lines(ended)
  assert.is(first.segment.file, WARC)
  assert.is(second.segment.file, WAT)
  assert.is(total.candidates, first.segment.candidates + second.segment.candidates)
  assert.is(total.manifest, null)
  assert.equal(total.segments, [first.segment, second.segment])
})

commands('the shard commands find what a crawl has made', async ({ dir }) => {
  const listed = await runShoal(['shard', 'list', '--json', '--data', dir])
  succeeds(listed)
  const [{ shards }] = lines(listed)
  assert.ok(shards.length >= 1)
  const { manifest, candidates } = shards[0]

  const shown = await runShoal(['shard', 'show', manifest, '--json', '--data', dir])
  succeeds(shown)
  const [shard] = lines(shown)
  assert.is(shard.manifest, manifest)
  assert.is(shard.candidates, candidates)
  assert.is(shard.verified, true)

  const out = join(dir, 'pairs.jsonl')
  const exported = await runShoal([
    'export',
    manifest,
    '--format',
    'jsonl',
    '--out',
    out,
    '--json',
    '--data',
    dir,
  ])
  succeeds(exported)
  const [{ path, rows, bytes, format }] = lines(exported)
  assert.is(path, out)
  assert.is(format, 'jsonl')
  const text = await readFile(out, 'utf8')
  assert.is(Buffer.byteLength(text), bytes)
  assert.is(text.split('\n').filter(Boolean).length, rows)
})

commands('the summary for people explains every outcome and says what to do next', async ({ dir }) => {
  const ended = await runShoal(['crawl', WARC, '--offline', '--data', dir])
  succeeds(ended)
  assert.match(ended.stdout, /have a text: the candidates/)
  assert.match(ended.stdout, /offline +\d+ +the image is not in the archive/)
  assert.match(ended.stdout, /read back and verified\n {2}bafyrei/)
  assert.match(ended.stdout, /Next\n {2}.*shard show bafyrei.*--data/)
})

commands('a shard that is not there fails with 1 and one line', async ({ dir }) => {
  for (const cid of ['nonsense', 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae']) {
    const { status, stdout, stderr } = await runShoal(['shard', 'show', cid, '--data', dir])
    assert.is(status, 1)
    assert.is(stdout, '')
    assert.match(stderr, /^error \(\w+\): [^\n]+\n$/)
  }
})

commands('a file that is not there fails with 1, its name and what to do', async ({ dir }) => {
  const { status, stdout, stderr } = await runShoal(['crawl', WARC, '/nowhere/a.warc.gz', '--data', dir])
  assert.is(status, 1)
  assert.is(stdout, '', 'it is told before the other files are begun')
  assert.match(stderr, /^error \(file_missing\): \/nowhere\/a\.warc\.gz [^\n]*check the path\n$/)
})

commands('under npm, paths are meant from where the caller stands', async ({ dir }) => {
  const env = { npm_lifecycle_event: 'shoal', INIT_CWD: dir }
  const { stderr } = await runShoal(['crawl', 'a.warc.gz', '--data', dir], env)
  assert.match(stderr, new RegExp(`${basename(dir)}/a\\.warc\\.gz `))
})

commands('the demo touches no directory that is not its own', async ({ dir }) => {
  const home = join(dir, 'home')
  await mkdir(join(home, 'demo'), { recursive: true })
  await writeFile(join(home, 'demo', 'thesis.txt'), 'years of work')
  const { status, stderr } = await runShoal(['demo', '--data', home])
  assert.is(status, 1)
  assert.match(stderr, /\(demo_directory\)/)
  assert.is(await readFile(join(home, 'demo', 'thesis.txt'), 'utf8'), 'years of work')
})

commands('SIGINT ends the work in order, with 130', async ({ dir }) => {
  const { child, ended } = startShoal(['demo', '--data', join(dir, 'stopped')])
  // it talks once it has begun; the demo's slow hosts keep it busy for seconds from there
  child.stdout.once('data', () => child.kill('SIGINT'))
  const { status, stderr } = await ended
  assert.is(status, 130)
  assert.match(stderr, /^error \(interrupted\): [^\n]+\n$/)
})

commands.run()
