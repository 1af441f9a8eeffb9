import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHome } from '../../../node/home.ts'
import { addPin, collect, GRACE_MS, isWhole } from '../../../node/pins/pins.ts'
import { ageBlock, putPb, putRaw } from './make-dags.ts'

const killing = suite('kill -9 while sweeping')
const DRIVER = fileURLToPath(new URL('./sweep-driver.ts', import.meta.url))
const ROOTS = 40
const LEAVES = 60
const MAX_KILLS = 40

killing('leaves what is pinned whole, and the rest to the next sweep', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-kill-'))
  try {
    let home = await openHome(dir)
    const pinned: CID[] = []
    for (let i = 0; i < ROOTS; i++) {
      // neighbours share some of their leaves
      const leaves = await Promise.all(
        Array.from({ length: LEAVES }, (_, j) => putRaw(home, `${j < 5 ? Math.floor(i / 2) : i} ${j}`)),
      )
      const root = await putPb(home, leaves, `${i}`)
      if (i % 4 === 1) {
        await addPin(home, root, 'fetched')
        pinned.push(root)
      }
      for (const cid of [...leaves, root]) await ageBlock(home, cid, GRACE_MS + 60_000)
    }
    const blocks = () => Array.fromAsync(home.blocks.getAll()).then(({ length }) => length)
    let left = await blocks()
    await home.close()
    let kills = 0
    let cutShort = 0
    for (let ended = false; !ended && kills < MAX_KILLS; kills++) {
      const child = fork(DRIVER, [dir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      const exit = once(child, 'exit')
      const [first] = await Promise.race([once(child, 'message'), exit])
      assert.is(first, 'begins')
      await Promise.race([exit, sleep(1.2 ** kills)])
      child.kill('SIGKILL')
      const [status] = await exit
      ended = status === 0
      home = await openHome(dir)
      for (const root of pinned) assert.ok(await isWhole(home.blocks, root), `${root} after ${kills} kills`)
      const now = await blocks()
      if (!ended && now < left) cutShort++
      left = now
      await home.close()
    }
    console.log(`    ${kills} processes, ${cutShort} of them killed after some of their work`)
    assert.ok(cutShort > 0, 'none was killed in the midst')
    home = await openHome(dir)
    await collect(home)
    for (const root of pinned) assert.ok(await isWhole(home.blocks, root))
    const { kept: count, freed, waiting } = await collect(home)
    assert.equal([freed.blocks, waiting.blocks], [0, 0])
    assert.is(await blocks(), count)
    await home.close()
  } finally {
    await rm(dir, { recursive: true })
  }
})

killing.run()
