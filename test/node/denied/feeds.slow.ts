import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { benchRemovals } from '../../../scripts/bench/removals.ts'

const feeds = suite('a feed of a million removals')

feeds('loads within two seconds and 100 MiB, and a look-up takes a microsecond', async () => {
  const { entries, loadSeconds, memoryMiB, lookupUs } = await benchRemovals()
  assert.is(entries, 1_000_000)
  assert.ok(loadSeconds < 2, `${loadSeconds} s`)
  assert.ok(memoryMiB > 25 && memoryMiB < 100, `${memoryMiB} MiB`)
  // a quarter of one here; slower processors may be slower
  assert.ok(lookupUs < 3, `${lookupUs} µs`)
})

feeds.run()
