import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkDataDir, checkDisk, checkMemory, checkNode } from '../../../node/doctor/check-machine.ts'
import { judgeClock } from '../../../node/doctor/check-sources.ts'
import { examine, type Finding, type Patient } from '../../../node/doctor/doctor.ts'
import { openWeb } from '../../../node/web/web.ts'

const doctor = suite('the doctor')
const LIMIT_MS = 30_000
let dir: string

doctor.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'shoal-doctor-'))
})
doctor.after.each(() => rmSync(dir, { recursive: true, force: true }))

async function look(changes: Partial<Patient>, clock: () => number = Date.now): Promise<Finding[]> {
  const web = openWeb({ allow: { loopback: true } })
  const patient: Patient = {
    ...{ dataDir: dir, diskBytes: null, contact: 'me@mail.example', precision: null },
    // not there, which is told at once
    model: join(dir, 'none'),
    ...{ device: 'cpu', threads: 1, offline: false, local: false },
    ...{ listen: ['/ip4/127.0.0.1/tcp/0'], places: [], sources: [], campaigns: 1, running: null },
    ...changes,
  }
  try {
    const signal = AbortSignal.timeout(LIMIT_MS)
    return await Array.fromAsync(examine(patient, { web, clock, signal }))
  } finally {
    await web.close()
  }
}

const found = (findings: Finding[], check: string) => findings.filter((finding) => finding.check === check)

doctor('a machine on which all is well has nothing to mend', async () => {
  const findings = await look({ model: null })
  assert.equal(
    findings.filter(({ state }) => state === 'fail'),
    [],
  )
  assert.is(found(findings, 'model')[0]!.state, 'ok')
  assert.match(found(findings, 'device')[0]!.found, /^cpu \(cpu\/fp32\): [\d.]+ pairs\/s$/)
})

doctor('what is amiss comes with what to do', async () => {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as AddressInfo
  try {
    const findings = await look({
      ...{ contact: null, campaigns: 0, sources: [join(dir, 'gone.warc')] },
      ...{ listen: [`/ip4/127.0.0.1/tcp/${port}`], places: [{ what: 'gateway', host: '127.0.0.1', port }] },
    })
    for (const check of ['model', 'source', 'port', 'gateway']) {
      assert.is(found(findings, check)[0]!.state, 'fail', check)
    }
    assert.match(found(findings, 'port')[0]!.found, /is taken by another program/)
    for (const check of ['contact', 'campaign']) assert.is(found(findings, check)[0]!.state, 'warn', check)
    for (const { check, state, advice, command } of findings)
      if (state !== 'ok' && check !== 'model' && check !== 'clock') assert.ok(advice ?? command, check)
  } finally {
    server.close()
  }
})

doctor('archives are asked, and tell the time', async () => {
  let asked = ''
  const server = createServer((request, response) => {
    asked = `${request.method} ${request.url}`
    response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const late = await look({ sources: [`${base}/crawl/`, `${base}/other/`] }, () => Date.now() - 3_600_000)
    assert.is(asked, 'HEAD /')
    assert.equal(
      found(late, 'source').map(({ state }) => state),
      ['ok'],
    )
    assert.is(found(late, 'clock')[0]!.state, 'fail')
    assert.match(found(late, 'clock')[0]!.found, /^3[56]\d\d s behind$/)
    assert.is(found(await look({ sources: [base] }), 'clock')[0]!.state, 'ok')
    assert.is(found(await look({ sources: [base], offline: true }), 'source')[0]!.state, 'fail')
  } finally {
    server.closeAllConnections()
    server.close()
  }
  assert.is(found(await look({ sources: [base] }), 'source')[0]!.state, 'fail')
})

doctor('a clock is judged by what other nodes bear', () => {
  for (const [skew, state] of [
    [null, 'unknown'],
    [900, 'ok'],
    [-30_000, 'warn'],
    [121_000, 'fail'],
  ] as const)
    assert.is(judgeClock(skew).state, state, String(skew))
})

doctor('a node that runs is asked whether others reach it', async () => {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as AddressInfo
  const inside = `/ip4/127.0.0.1/tcp/${port}/p2p/12D3KooWJBZsyouTHHQFtrtVkvds4TsJusvysLjQx1CtD7WYGNo6`
  const lan = inside.replace('127.0.0.1', '192.168.1.2')
  const outside = inside.replace('127.0.0.1', '93.184.216.34')
  try {
    const hidden = await look({ running: { addresses: [inside, lan], peers: 0 } })
    assert.is(found(hidden, 'port')[0]!.state, 'ok')
    assert.is(found(hidden, 'nat')[0]!.state, 'warn')
    assert.is(found(hidden, 'peers')[0]!.state, 'warn')
    assert.equal(found(await look({ running: { addresses: [inside], peers: 0 } }), 'nat'), [])
    const relayed = `${outside}/p2p-circuit/p2p/12D3KooWJBZsyouTHHQFtrtVkvds4TsJusvysLjQx1CtD7WYGNo6`
    assert.is(found(await look({ running: { addresses: [relayed], peers: 1 } }), 'nat')[0]!.state, 'warn')
  } finally {
    server.close()
  }
  assert.is(found(await look({ running: { addresses: [inside], peers: 1 } }), 'port')[0]!.state, 'warn')
})

doctor('the machine itself', async () => {
  assert.is(checkNode('20.1.0').state, 'fail')
  assert.is(checkNode('25.0.0').state, 'ok')
  assert.is(checkMemory(16e9, 0, 8e9).state, 'ok')
  assert.is(checkMemory(16e9, 5e8, 4e8).state, 'fail')
  assert.is(checkMemory(16e9, 1.5e9, 1.2e9).state, 'warn')
  assert.is((await checkDisk({ dataDir: join(dir, 'not', 'yet'), diskBytes: 1e18 })).state, 'warn')
  assert.is((await checkDataDir(join(dir, 'not', 'yet'))).state, 'ok')
  writeFileSync(join(dir, 'file'), '')
  assert.is((await checkDataDir(join(dir, 'file'))).state, 'fail')
  writeFileSync(join(dir, 'identity.key'), '', { mode: 0o644 })
  if (process.platform !== 'win32') assert.is((await checkDataDir(dir)).state, 'warn')
})

doctor.run()
