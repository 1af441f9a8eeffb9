import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFullArchive, playCrawl } from './play-crawl.ts'
import { startProcesses, until } from './start-processes.ts'
import { createCampaign } from './watch-campaign.ts'

/**
 * On a machine that does nothing else it is ready within 2 s and answers within 300 ms. The bounds here are wider, for
 * machines that do.
 */
const READY_MS = 60_000
const ANSWER_MS = 3_000
const LATEST_ANSWER_MS = 30_000
const SEGMENTS = 2
/** They take some seconds. */
const PAGES = 1_500
const QUESTIONS = 30

const status = suite('status')

status('is answered soon after the start, and while all cores crawl; then it stops', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-status-'))
  const crawl = await playCrawl()
  const processes = startProcesses(dir, {
    ...{ loopback: { hosts: crawl.hosts }, contentionMs: 100, syncEveryMs: 1_000 },
    ...{ threads: availableParallelism(), segments: SEGMENTS },
  })
  try {
    const archive = makeFullArchive(PAGES)
    for (let i = 0; i < SEGMENTS; i++) crawl.give(`full-${i}`, archive)
    const node = await processes.start('node')
    console.log(`    ready after ${node.readyMs.toFixed(0)} ms`)
    assert.ok(node.readyMs < READY_MS)
    await createCampaign(node, {
      name: 'full',
      segments: SEGMENTS,
      base: crawl.base,
      list: join(dir, 'list.txt'),
    })
    const scored = async () =>
      (await node.ask('status')).work.map(
        ({ stages }) => stages.find(({ stage }) => stage === 'score')?.done ?? 0,
      )
    await until('pictures are scored', async () => (await scored()).some((done) => done > 0))
    const times: number[] = []
    const before = Math.max(...(await scored()))
    for (let i = 0; i < QUESTIONS; i++) {
      const start = performance.now()
      const { work } = await node.ask('status')
      times.push(performance.now() - start)
      assert.ok(work.length > 0, 'it is still at work')
      await sleep(50)
    }
    assert.ok(Math.max(...(await scored())) > before)
    const [median, most] = [times.sort((a, b) => a - b)[QUESTIONS / 2]!, times.at(-1)!]
    console.log(`    status while it crawls: ${median.toFixed(0)} ms, ${most.toFixed(0)} ms at most`)
    assert.ok(median < ANSWER_MS && most < LATEST_ANSWER_MS)
    const stopping = performance.now()
    await node.stop()
    assert.equal(
      node.endings.map(({ how }) => how),
      Array.from({ length: SEGMENTS }, () => 'given_up'),
    )
    console.log(`    stopped after ${(performance.now() - stopping).toFixed(0)} ms`)
  } catch (error) {
    console.error(await processes.tails())
    throw error
  } finally {
    await processes.killAll()
    await crawl.close()
    await rm(dir, { recursive: true })
  }
})

status.run()
