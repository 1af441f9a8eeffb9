import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHome } from '../../node/home.ts'
import { GRACE_MS } from '../../node/pins/pins.ts'
import { ageBlock, putCbor, putRaw } from '../node/pins/make-dags.ts'
import { runShoal } from './run-shoal.ts'

const pins = suite('commands on pins')
const CID = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'
const OLD_MS = GRACE_MS + 60_000

pins('keep a DAG, list it, keep it no longer, and free its space', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-pin-commands-'))
  try {
    const home = await openHome(dir)
    const leaf = await putRaw(home, 'a leaf'.repeat(1000))
    const root = await putCbor(home, [leaf])
    const garbage = await putRaw(home, 'garbage')
    for (const cid of [leaf, root, garbage]) await ageBlock(home, cid, OLD_MS)
    await home.close()
    const run = async (...args: string[]) => {
      const { status, stdout, stderr } = await runShoal([...args, '--data', dir])
      return { status, text: stdout + stderr, last: () => JSON.parse(stdout.trimEnd().split('\n').at(-1)!) }
    }

    const added = await run('pin', 'add', `${root}`)
    assert.is(added.status, 0, added.text)
    assert.match(added.text, /^Kept from now on: bafy\w+, 6\.0 kB\n$/)
    assert.match(
      (await run('pin', 'list')).text,
      /fetched or pinned, 6\.0 kB, since \d{4}-\d\d-\d\d\n1 pin, 6\.0 kB/,
    )
    const first = (await run('collect', '--json')).last()
    assert.equal([first.freed, first.kept], [{ blocks: 1, bytes: 7 }, 2])

    const [unknown, invalid, missing] = await Promise.all([
      run('pin', 'remove', '--json', CID),
      runShoal(['pin', 'remove', 'nonsense', '--data', join(dir, 'third')]),
      runShoal(['pin', 'add', CID, '--data', join(dir, 'fourth')]),
    ])
    assert.equal([unknown.status, unknown.last().error.code], [1, 'pin_unknown'])
    assert.match(invalid.stderr, /^error \(cid_invalid\)/)
    assert.match(missing.stderr, /^error \(pin_missing\)/)

    const removed = await run('pin', 'remove', `${root}`)
    assert.is(removed.status, 0, removed.text)
    assert.match((await run('collect')).text, /^Freed 6\.0 kB in 2 blocks; 0 blocks kept/)
  } finally {
    await rm(dir, { recursive: true })
  }
})

pins.run()
