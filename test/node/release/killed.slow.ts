import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createRelease, knownReleases } from '../../../node/release/release.ts'
import { makePair, range } from '../shard/sample.ts'
import { clock, makeReleasable, openNode, tellRemovals, UNHEARD } from './made-campaign.ts'

const killed = suite('a release that was cut short')
const script = fileURLToPath(new URL('./create-and-hang.ts', import.meta.url))

killed('leaves nothing that looks like one, and the next is as if there had been none', async () => {
  const made = await makeReleasable([
    range(50).map(makePair),
    range(50).map((i) => makePair(i + 25)),
    range(50).map((i) => makePair(i + 50)),
  ])
  const request = { campaign: made.campaign, policy: null, removals: null, validDays: 30 }
  try {
    const other = await made.copy()
    await tellRemovals(made.campaign, made.organiser, other)
    await other.close()
    for (const stage of ['read', 'write']) {
      const child = spawn(process.execPath, [script, other.dir, `${made.campaign}`, stage], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [said] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(240_000) })
      assert.is(String(said), 'here\n')
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const node = await openNode(other.dir)
    try {
      assert.equal(await Array.fromAsync(knownReleases(node.home.store)), [])
      assert.equal(await readdir(join(other.dir, 'work')).catch(() => []), [])
      node.removals.connect(UNHEARD)
      const theirs = await createRelease({ ...node, clock }, request)
      const mine = await createRelease({ ...made.organiser, clock }, request)
      assert.is(theirs.signed.release.toString(), mine.signed.release.toString())
    } finally {
      await node.close()
    }
  } finally {
    await made.close()
  }
})

killed.run()
