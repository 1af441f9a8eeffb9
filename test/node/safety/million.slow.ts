import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIST_KINDS, LIST_WIDTHS, type ListKind, saveList } from '../../../node/safety/blocklist.ts'
import { openBlocklists } from '../../../node/safety/safety.ts'
import { openStore } from '../../../node/store/store.ts'
import { packHashes } from '../../../protocol/rules/hash-set.ts'

const million = suite('lists of a million entries')
const ENTRIES = 1_000_000
const LOOKED_UP = 200_000

/** Milliseconds of the processor's time: others may be at work on the machine as well. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

million('load within two seconds, take less than 100 MB, and cost a microsecond a look', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-million-'))
  const store = await openStore(join(dir, 'db'))
  try {
    const hashes = randomBytes(ENTRIES * LIST_WIDTHS.sha256)
    const sets = {} as Record<ListKind, Uint8Array>
    for (const kind of LIST_KINDS) sets[kind] = packHashes(new Uint8Array(), LIST_WIDTHS[kind])
    sets.sha256 = packHashes(hashes)
    const entries = { url: 0, host: 0, md5: 0, sha1: 0, sha256: ENTRIES, pdq: 0 }
    await mkdir(join(dir, 'lists'))
    await saveList(join(dir, 'lists', 'large.list'), { name: 'large', addedAt: 0, entries }, sets)

    const held = () => process.memoryUsage().external + process.memoryUsage().heapUsed
    const before = held()
    const started = cpuMs()
    const lists = await openBlocklists(join(dir, 'lists'), store, () => 0)
    const loadMs = cpuMs() - started
    const MB = (held() - before) / 1e6
    assert.ok(loadMs < 2_000, `loaded in ${Math.round(loadMs)} ms`)
    assert.ok(MB < 100, `${Math.round(MB)} MB`)

    const listed = lists.listed()
    const queries = randomBytes(LOOKED_UP * 32)
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      const begun = cpuMs()
      for (let at = 0; at < queries.length; at += 32)
        if (listed.hasFile(() => queries.subarray(at, at + 32))) assert.unreachable('not on the list')
      times.push((1000 * (cpuMs() - begun)) / LOOKED_UP)
    }
    // half a microsecond here; slower processors may be slower
    assert.ok(Math.min(...times) < 3, `${Math.min(...times).toFixed(2)} µs`)
    for (let at = 0; at < hashes.length; at += 32 * 997)
      assert.ok(listed.hasFile((kind) => (kind === 'sha256' ? hashes.subarray(at, at + 32) : null)))
    console.log(
      `  loaded in ${Math.round(loadMs)} ms, ${Math.round(MB)} MB, ${Math.min(...times).toFixed(2)} µs a look`,
    )
    await lists.close()
  } finally {
    await store.close()
    await rm(dir, { recursive: true, force: true })
  }
})

million.run()
