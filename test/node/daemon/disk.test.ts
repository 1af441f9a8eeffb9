import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { watchDisk } from '../../../node/daemon/disk.ts'

const disk = suite('disk')
/** File systems give out space in parts that this is a multiple of. */
const UNIT = 65_536
let dir = ''

disk.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-disk-'))
  await mkdir(join(dir, 'a', 'b'), { recursive: true })
  await writeFile(join(dir, 'a', 'one'), Buffer.alloc(6 * UNIT))
  await writeFile(join(dir, 'a', 'b', 'two'), Buffer.alloc(4 * UNIT))
})

disk.after(() => rm(dir, { recursive: true }))

disk('has room up to what is given, files in all directories together', async () => {
  for (const [most, hasRoom] of [
    [10 * UNIT + 1, true],
    [10 * UNIT, false],
    [null, true],
  ] as const) {
    const watched = watchDisk(dir, most)
    assert.is(await watched.hasRoom(), hasRoom, `${most}`)
    assert.is(watched.isFull(), !hasRoom, `${most}`)
  }
})

disk('is not full before it was measured, and takes what is not there as empty', async () => {
  assert.not(watchDisk(dir, 1).isFull())
  assert.ok(await watchDisk(join(dir, 'none'), 1).hasRoom())
})

disk('is measured again after a while', async () => {
  let now = 0
  const watched = watchDisk(dir, 10 * UNIT, () => now)
  assert.not(await watched.hasRoom())
  await writeFile(join(dir, 'a', 'one'), '')
  assert.not(await watched.hasRoom(), 'a measurement stands for some time')
  now += 61_000
  assert.ok(await watched.hasRoom())
  assert.not(watched.isFull())
})

disk.run()
