/// <reference lib="esnext.float16" />
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home, openHome } from '../../../node/home.ts'
import { keepIndex } from '../../../node/search/keep-index.ts'
import { readRows } from '../../../node/search/read-rows.ts'
import { keyOf } from '../../../node/search/words.ts'
import { makePair, publishSample } from '../shard/sample.ts'

const test = suite('the index of a search')
let dir = ''
let home: Home
let manifest = ''

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-index-'))
  const shard = await publishSample(dir, 400)
  manifest = shard.manifest.toString()
  await shard.store.close()
  await rename(join(dir, 'store'), join(dir, 'db'))
  home = await openHome(dir)
})
test.after(async () => {
  await home.close()
  await rm(dir, { recursive: true, force: true })
})

const directory = (part: string) => join(dir, 'search', part)
const filesOf = async (ending: string) => {
  const found = (await readdir(directory('vectors'))).filter((name) => name.endsWith(ending))
  return found.map((name) => join(directory('vectors'), name))
}

/** Row 7 by its own vector and by its address, as a process sees them that has just begun. */
async function look() {
  const notes: string[] = []
  const index = keepIndex(home, readRows(home), {
    ...{ dir: join(dir, 'search'), threads: 1, tell: (note: string) => notes.push(note) },
  })
  try {
    const steps: number[] = []
    const held = await index.catchUp(({ stages }) => steps.push(stages[0]!.done))
    const pair = makePair(14)
    const vector = Float32Array.from(new Float16Array(pair.embedding.slice().buffer))
    const near = await index.ask('near', { name: held.indexes[0]!.name, vector, count: 1 })
    const what = { key: keyOf(pair.sha256), shards: [manifest], limit: 9 }
    const found = await index.ask('find', what)
    if (found.broken.length > 0) {
      await index.forgetWords(found.broken)
      await index.catchUp()
      found.places = (await index.ask('find', what)).places
    }
    return { rows: [...near, ...found.places].map(({ row }) => row), notes, steps }
  } finally {
    await index.close()
  }
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[bytes.length - 9]! ^= 4
  await writeFile(path, bytes)
}

async function changeHead(change: (head: Record<string, unknown>) => object): Promise<void> {
  for (const path of await filesOf('.json'))
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')))))
}

const words = () => join(directory('words'), manifest)

/** What becomes of the files, and whether it is told before it is made good. */
const SPOILT: Record<string, [told: boolean, spoil: () => Promise<unknown>]> = {
  'a bit of the vectors': [true, async () => flip((await filesOf('.usearch'))[0]!)],
  'half of the vectors': [true, async () => truncate((await filesOf('.usearch'))[0]!, 2_000)],
  'no vectors': [true, async () => rm((await filesOf('.usearch'))[0]!)],
  'half a head': [true, async () => truncate((await filesOf('.json'))[0]!, 30)],
  'a head of another time': [true, () => changeHead((head) => ({ ...head, format: 2 }))],
  'a head that leads elsewhere': [
    true,
    () => changeHead((head) => ({ ...head, file: '../../identity.key' })),
  ],
  'a head with another dimension': [true, () => changeHead((head) => ({ ...head, dimension: 49 }))],
  'a bit of the words': [false, () => flip(words())],
  'half of the words': [false, () => truncate(words(), 100)],
  'another file in place of the words': [false, () => writeFile(words(), 'mine')],
  'other files': [
    false,
    async () => {
      await writeFile(join(directory('words'), 'notes.txt'), 'mine')
      await writeFile(`${words()}.unfinished`, 'half')
      await writeFile(join(directory('vectors'), 'x.usearch'), 'half')
      await writeFile(join(directory('vectors'), 'x.usearch.unfinished'), 'half')
    },
  ],
  'all of it': [false, () => rm(join(dir, 'search'), { recursive: true })],
}

test('what is not as it was written is made anew', async () => {
  assert.equal(await look(), { rows: [7, 7], notes: [], steps: [0, 200] })
  assert.equal(await look(), { rows: [7, 7], notes: [], steps: [] })
  for (const [what, [told, spoil]] of Object.entries(SPOILT)) {
    await spoil()
    const { rows, notes } = await look()
    assert.equal(rows, [7, 7], what)
    assert.is(notes.length, told ? 1 : 0, what)
    if (told) assert.match(notes[0]!, /is not as Shoal wrote it: it is made anew/, what)
    assert.is((await readdir(directory('vectors'))).length, 2, what)
    assert.equal(await readdir(directory('words')), [manifest], what)
  }
  await stat(join(dir, 'identity.key'))
})

test.run()
