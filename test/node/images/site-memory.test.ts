import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openSiteMemory } from '../../../node/images/consent/site-memory.ts'
import { openStore, type Store } from '../../../node/store/store.ts'

const test = suite('images: memory of sites')
const DAY_MS = 24 * 3_600_000
let dir = ''
let store: Store
let clock = Date.UTC(2026, 0, 1)
const open = (maxBytes?: number) => openSiteMemory(store.sites, DAY_MS, () => clock, maxBytes)

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-sites-'))
  store = await openStore(dir)
})
test.before.each(() => store.sites.clear())
test.after(async () => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

test('what was answered comes back as it was', async () => {
  const memory = open()
  await fc.assert(
    fc.asyncProperty(
      fc.webUrl(),
      fc.integer({ min: 200, max: 499 }),
      fc.string({ unit: 'grapheme' }),
      async (url, status, text) => {
        const answer = { at: clock, status, text }
        memory.keep(url, answer)
        await memory.close()
        assert.equal(await memory.read(url), answer)
      },
    ),
    { numRuns: 30 },
  )
  assert.is(await memory.read('http://other.example/'), null)
})

test('what does not fit is not kept, until others are too old', async () => {
  const memory = open(1_000)
  const answer = () => ({ at: clock, status: 200, text: 'x'.repeat(290) })
  for (let i = 0; i < 5; i++) memory.keep(`http://h${i}.example/`, answer())
  await memory.close()
  assert.is((await store.sites.keys().all()).length, 3)
  clock += DAY_MS
  assert.is(await memory.read('http://h0.example/'), null)
  memory.keep('http://late.example/', answer())
  await memory.close()
  assert.equal(await memory.read('http://late.example/'), answer())
  assert.is((await store.sites.keys().all()).length, 1)
})

test('bytes that are no answer are none', async () => {
  const memory = open()
  memory.keep('http://a.example/', { at: clock, status: 200, text: '' })
  await memory.close()
  const [key] = await store.sites.keys().all()
  await store.sites.put(key!, Uint8Array.of(1, 2))
  assert.is(await memory.read('http://a.example/'), null)
  const again = open()
  again.keep('http://b.example/', { at: clock, status: 200, text: '' })
  await again.close()
  assert.is((await store.sites.keys().all()).length, 1)
})

test.run()
