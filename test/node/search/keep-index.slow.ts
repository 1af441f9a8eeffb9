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
  const index = keepIndex(
    home,
    readRows(home, () => new Map()),
    async () => ({ entries: new Map(), replaced: new Set<string>(), broken: [] }),
    {
      ...{ dir: join(dir, 'search'), threads: 1, tell: (note: string) => notes.push(note) },
    },
  )
  try {
    const steps: number[] = []
    const held = await index.catchUp(({ stages }) => steps.push(stages[0]!.done))
    const pair = makePair(14)
    const vector = Float32Array.from(new Float16Array(pair.embedding.slice().buffer))
    const near = await index.ask('near', { name: held.indexes[0]!.name, vector, count: 1 })
    const what = { key: keyOf(pair.sha256), shards: [manifest], limit: 9 }
    const found = await index.ask('find', what)
    if (found.broken.length > 0) {
      await index.renew(found.broken)
      await index.catchUp()
      found.places = (await index.ask('find', what)).places
    }
    const copy = await index.copy(manifest, 7, 200)
    assert.is(copy?.sha256 ?? pair.sha256, pair.sha256)
    const isCopied = copy?.text === pair.text
    if (!isCopied) await index.renew([manifest])
    return { rows: [...near, ...found.places].map(({ row }) => row), notes, steps, isCopied }
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

const VECTORS: Record<string, () => Promise<unknown>> = {
  'a bit of the vectors': async () => flip((await filesOf('.usearch'))[0]!),
  'half of the vectors': async () => truncate((await filesOf('.usearch'))[0]!, 2_000),
  'no vectors': async () => rm((await filesOf('.usearch'))[0]!),
  'half a head': async () => truncate((await filesOf('.json'))[0]!, 30),
  'a head of another time': () => changeHead((head) => ({ ...head, format: 2 })),
  'a head that leads elsewhere': () => changeHead((head) => ({ ...head, file: '../../identity.key' })),
  'a head with another dimension': () => changeHead((head) => ({ ...head, dimension: 49 })),
}
const WORDS: Record<string, () => Promise<unknown>> = {
  'a bit of the words': () => flip(words()),
  'half of the words': () => truncate(words(), 100),
  'another file in place of the words': () => writeFile(words(), 'mine'),
  'no words': () => rm(words()),
  'other files': async () => {
    await writeFile(join(directory('words'), 'notes.txt'), 'mine')
    await writeFile(`${words()}.unfinished`, 'half')
    await writeFile(join(directory('vectors'), 'x.usearch'), 'half')
    await writeFile(join(directory('vectors'), 'x.usearch.unfinished'), 'half')
  },
}

test('what is not as it was written is made anew, and it is told', async () => {
  assert.equal(await look(), { rows: [7, 7], notes: [], steps: [0, 200], isCopied: true })
  assert.equal(await look(), { rows: [7, 7], notes: [], steps: [], isCopied: true })
  const others = Object.entries(WORDS)
  for (const [i, [what, spoil]] of Object.entries(VECTORS).entries()) {
    const [other, spoilOther] = others[i % others.length]!
    await spoil()
    await spoilOther()
    const { rows, notes } = await look()
    assert.equal(rows, [7, 7], `${what}, ${other}`)
    assert.is(notes.length, 1, what)
    assert.match(notes[0]!, /is not as Shoal wrote it: it is made anew/, what)
    assert.is((await readdir(directory('vectors'))).length, 2, `${what}, ${other}`)
    assert.equal(await readdir(directory('words')), [manifest], other)
  }
  await stat(join(dir, 'identity.key'))
})

test('a row whose copy is broken has none, and is copied anew', async () => {
  const rows = join(directory('rows'), manifest)
  const spoils: [string, () => Promise<unknown>][] = [
    ['a bit', () => flip(rows)],
    ['half', () => truncate(rows, 5_000)],
    ['another file', () => writeFile(rows, 'mine')],
    ['none', () => rm(rows)],
  ]
  for (const [what, spoil] of spoils) {
    await spoil()
    // the last bit of the file is where the last row ends
    assert.is((await look()).isCopied, what === 'a bit', what)
    assert.is((await look()).isCopied, true, what)
  }
  // another row in its place, with its sum
  const bytes = await readFile(rows)
  const places = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8 * 201)
  for (const row of [7, 8]) places.setBigUint64(8 * row, places.getBigUint64(8 * (row + 1), true), true)
  await writeFile(rows, bytes)
  assert.is((await look()).isCopied, false)
})

test.run()
