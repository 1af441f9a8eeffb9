import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseCores, parseCores } from '../../cli/hold-threads.ts'

const holding = suite('held to so many cores')
const MODULE = new URL('../../cli/hold-threads.ts', import.meta.url).href

holding('a list of cores is read as Linux writes it', () => {
  assert.equal(parseCores('0'), [0])
  assert.equal(parseCores('0-3,8,10-11'), [0, 1, 2, 3, 8, 10, 11])
})

holding('any of the cores are chosen, none twice', () => {
  assert.equal(
    chooseCores([2, 3, 5, 7], 2, () => 0.999),
    [5, 7],
  )
  assert.equal(
    chooseCores([2, 3, 5, 7], 3, () => 0),
    [2, 3, 5],
  )
})

holding('all threads of a process are held, those it had and those to come', () => {
  if (process.platform !== 'linux') return console.log('skipped: no /proc')
  const script = `
    import { readdirSync, readFileSync } from 'node:fs'
    import { Worker } from 'node:worker_threads'
    import { holdThreads } from ${JSON.stringify(MODULE)}
    const held = holdThreads(1)
    const worker = new Worker('setTimeout(() => {}, 60_000)', { eval: true })
    worker.on('online', () => {
      const lists = readdirSync('/proc/self/task').map((task) =>
        /Cpus_allowed_list:\\s*(\\S+)/.exec(readFileSync('/proc/self/task/' + task + '/status', 'utf8'))[1])
      console.log(JSON.stringify({ held, lists }))
      process.exit()
    })`
  const args = ['--input-type=module', '--eval', script]
  const { held, lists } = JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 }),
  )
  assert.is(held, true)
  assert.ok(lists.length > 5, `${lists.length} threads`)
  assert.is(new Set(lists).size, 1)
  assert.match(lists[0], /^\d+$/)
})

holding.run()
