/// <reference lib="esnext.float16" />
import { fork } from 'node:child_process'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home, openHome } from '../../../node/home.ts'
import { keepIndex } from '../../../node/search/keep-index.ts'
import { readRows } from '../../../node/search/read-rows.ts'
import { keyOf } from '../../../node/search/words.ts'
import { publishShard, readShard } from '../../../node/shard/shard.ts'
import { makePair, type Published, publishSample } from '../shard/sample.ts'

const test = suite('an index whose process is killed')
const DRIVER = fileURLToPath(new URL('./index-driver.ts', import.meta.url))
const ROUNDS = 16
const LIMIT_MS = 240_000
/** What of a round is the index's own work, at most: later moments come after its end. */
const WORK_MS = 700

let dir = ''
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-kill-index-'))
})
test.after(() => rm(dir, { recursive: true, force: true }))

/** @returns what the process said before it was killed, or ended */
async function runKilled(afterMs: number): Promise<{ note?: string; begun?: boolean; done?: boolean }[]> {
  const child = fork(DRIVER, [dir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const said: { note?: string; begun?: boolean; done?: boolean }[] = []
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const begun = new Promise<void>((resolve) => {
    child.on('message', (message) => {
      said.push(message as object)
      resolve()
    })
  })
  const limit = new AbortController()
  sleep(LIMIT_MS, undefined, { signal: limit.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  )
  await Promise.race([begun, ended])
  await sleep(afterMs)
  child.kill('SIGKILL')
  await ended
  limit.abort()
  return said
}

/** Whether each shard is found by vector and by words, and what the owner is told. */
async function look(home: Home, manifests: string[]): Promise<{ found: string[]; notes: string[] }> {
  const notes: string[] = []
  const index = keepIndex(
    home,
    readRows(home, () => new Map()),
    async () => ({ entries: new Map(), replaced: new Set<string>(), broken: [] }),
    {
      ...{ dir: join(dir, 'search'), threads: 1, tell: (note: string) => notes.push(note) },
    },
  )
  try {
    const held = await index.catchUp()
    const pair = makePair(14)
    const vector = Float32Array.from(new Float16Array(pair.embedding.slice().buffer))
    const near = await index.ask('near', { name: held.indexes[0]!.name, vector, count: manifests.length })
    const { places, broken } = await index.ask('find', {
      key: keyOf(pair.sha256),
      shards: manifests,
      limit: 9,
    })
    assert.equal(broken, [])
    const count = held.indexes[0]!.rows
    assert.is(count, manifests.length * 2_000, 'no vector is there twice, none is lost')
    assert.ok([...near, ...places].every(({ row }) => row === 7))
    return {
      found: manifests.filter((one) =>
        [near, places].every((list) => list.some(({ manifest }) => manifest === one)),
      ),
      notes,
    }
  } finally {
    await index.close()
  }
}

test('is whole again after each death, and nothing of it was broken', async () => {
  const first: Published = await publishSample(dir, 4_000)
  const facts = (await readShard(first, first.manifest)).manifest
  await first.store.close()
  await rename(join(dir, 'store'), join(dir, 'db'))
  const manifests = [first.manifest.toString()]
  let deaths = 0
  for (let round = 0; round < ROUNDS; round++) {
    const home = await openHome(dir)
    // another shard of the same files each time
    const { files, ...rest } = facts
    const written = files.map(({ name, bytes, rows }) => ({
      ...{ name: name as 'pairs.parquet', bytes, rows, path: join(dir, 'files', name) },
    }))
    const { manifest } = await publishShard(home, written, { ...rest, segment: round + 1 })
    manifests.push(manifest.toString())
    await home.close()
    const said = await runKilled((round * 97) % WORK_MS)
    assert.equal(
      said.filter(({ note }) => note),
      [],
      `round ${round}`,
    )
    if (!said.some(({ done }) => done)) deaths++
    // now and then it goes on from a death to the next
    if (round % 3 === 2 || round === ROUNDS - 1) {
      const again = await openHome(dir)
      const { found, notes } = await look(again, manifests)
      await again.close()
      assert.equal(found, manifests)
      assert.equal(notes, [])
      assert.is((await readdir(join(dir, 'search', 'vectors'))).length, 2)
      assert.is((await readdir(join(dir, 'search', 'words'))).length, manifests.length)
    }
  }
  assert.ok(deaths >= ROUNDS / 4, `${deaths} of ${ROUNDS} died at work`)
})

test.run()
