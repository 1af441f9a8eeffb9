import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parsePlace } from '../../cli/parse-place.ts'
import { publishSample } from '../node/shard/sample.ts'
import { runShoal, startShoal } from './run-shoal.ts'

const cars = suite('CAR files and the gateway, by command')

const lastLine = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!)

cars('a shard goes by file from one directory to another, and is had over HTTP', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-cars-'))
  const env = { NODE_COMPILE_CACHE: join(dir, 'compiled') }
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  let node: ReturnType<typeof startShoal> | null = null
  try {
    const { manifest, store } = await publishSample(from, 20)
    await store.close()
    // where a node keeps it
    await rename(join(from, 'store'), join(from, 'db'))
    const file = join(dir, 'shard.car')
    const exported = await runShoal(['car', 'export', `${manifest}`, '--out', file, '--data', from], env)
    assert.is(exported.status, 0, exported.stderr)
    assert.match(exported.stdout, /^\d+ blocks, .*\n.*shard\.car\n$/)

    const cut = join(dir, 'cut.car')
    await writeFile(cut, (await readFile(file)).subarray(0, -9))
    const refused = await runShoal(['car', 'import', cut, '--data', to], env)
    assert.is(refused.status, 1)
    assert.match(refused.stderr, /^error \(car_truncated\): cut\.car/)

    node = startShoal(
      ['start', '--local', '--offline', '--json', '--gateway', '127.0.0.1:0', '--data', to],
      env,
    )
    await new Promise((done) => node?.child.stdout.once('data', done))
    const imported = await runShoal(['car', 'import', file, '--json', '--data', to], env)
    assert.equal(lastLine(imported.stdout).roots, [{ cid: `${manifest}`, kind: 'shard' }])
    const [shown, status] = await Promise.all([
      runShoal(['shard', 'show', `${manifest}`, '--data', to], env),
      runShoal(['status', '--json', '--data', to], env),
    ])
    assert.match(shown.stdout, /verified +yes/)
    const { gateway } = lastLine(status.stdout)
    const answer = await fetch(`${gateway}/ipfs/${manifest}?format=raw`, {
      signal: AbortSignal.timeout(120_000),
    })
    assert.is(answer.status, 200)
    assert.ok((await answer.arrayBuffer()).byteLength > 0)
  } finally {
    node?.child.kill('SIGTERM')
    await node?.ended
    await rm(dir, { recursive: true, force: true })
  }
})

cars('where the gateway listens', () => {
  assert.equal(parsePlace('gateway', undefined), { host: '127.0.0.1', port: 4180, orAny: true })
  assert.is(parsePlace('gateway', 'none'), null)
  assert.equal(parsePlace('gateway', '0.0.0.0:80'), { host: '0.0.0.0', port: 80 })
  assert.equal(parsePlace('gateway', '[::1]:0'), { host: '::1', port: 0 })
  for (const text of ['4180', 'localhost', 'a:b', '::1:80', '1.2.3.4:65536', 'http://x:1'])
    assert.throws(() => parsePlace('gateway', text), /--gateway/)
})

cars.run()
