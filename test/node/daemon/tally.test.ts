import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DeviceUse } from '../../../node/components.ts'
import { startTally } from '../../../node/daemon/tally.ts'

const tally = suite('tally')

function deviceOf(device: string, busySeconds: number): DeviceUse {
  return { device, deviceClass: 'cpu/fp32', batch: 16, pairs: 0, busySeconds, trouble: null }
}

tally('amounts, endings, and what others count', () => {
  const { onAmount, onEnd, onAudit, totals, endings, close } = startTally({
    served: () => ({ blocks: 1000, gateway: 24 }),
    devices: () => [],
  })
  const place = { campaign: 'c', segment: 0 }
  onAmount('read', 500)
  onAmount('fetched', 3)
  onAmount('kept', 2)
  onAmount('http_status', 1)
  onEnd({ ...place, how: 'done', manifest: 'm' })
  onEnd({ ...place, how: 'failed', code: 'x', message: 'y' })
  onEnd({ ...place, how: 'lost' })
  onAudit({ ...place, manifest: 'm', how: 'done', ruling: 'good' })
  onAudit({ ...place, manifest: 'm', how: 'failed', code: 'x', message: 'y' })
  const { cpuSeconds, ...counted } = totals()
  assert.equal(counted, {
    ...{ read: 500, fetched: 3, decoded: 0, scored: 0, kept: 2 },
    ...{ segments: 1, audits: 1, served: 1024, busySeconds: 0 },
  })
  assert.ok(cpuSeconds >= 0)
  assert.equal(endings(), {
    outcomes: { kept: 2, http_status: 1 },
    segments: { done: 1, failed: 1, given_up: 0, lost: 1 },
    audits: { good: 1, unclear: 0, forged: 0, failed: 1 },
  })
  close()
})

tally('the time of devices, when one is opened and closed', () => {
  let devices: DeviceUse[] = []
  const { totals, close } = startTally({ served: () => ({}), devices: () => devices })
  const busyWith = (...uses: DeviceUse[]) => {
    devices = uses
    return totals().busySeconds
  }
  assert.is(busyWith(deviceOf('cuda:0', 1)), 1)
  assert.is(busyWith(deviceOf('cuda:0', 3), deviceOf('cuda:1', 2)), 3)
  assert.is(busyWith(deviceOf('cuda:1', 4)), 5)
  assert.is(busyWith(), 5)
  assert.is(busyWith(deviceOf('cuda:1', 1)), 6)
  // two of one name
  assert.is(busyWith(deviceOf('cuda:1', 2), deviceOf('cuda:1', 3)), 8)
  close()
})

tally('what a second brings', async () => {
  let ms = 0
  const { onAmount, speeds, close } = startTally(
    { served: () => ({ blocks: ms * 2 }), devices: () => [] },
    { now: () => ms, lookMs: 10 },
  )
  assert.equal(speeds().rates, { read: 0, fetch: 0, decode: 0, score: 0, kept: 0 })
  // before the first look at itself
  ms = 500
  onAmount('scored', 32)
  assert.is(speeds().rates.score, 64)
  const steps = 3
  for (let i = 0; i < steps; i++) {
    ms += 1000
    onAmount('read', 4096)
    await sleep(50)
  }
  const { rates, served } = speeds()
  assert.is(served, 2000)
  assert.is(rates.read, (steps * 4096) / (ms / 1000))
  close()
})

tally('the cores that are used', async () => {
  const { speeds, close } = startTally({ served: () => ({}), devices: () => [] })
  const began = performance.now()
  const before = process.cpuUsage()
  while (performance.now() - began < 300);
  const { user, system } = process.cpuUsage(before)
  const share = (user + system) / 1000 / (performance.now() - began)
  const { cpu } = speeds()
  assert.ok(Math.abs(cpu - share) < 0.2, `${cpu} for ${share}`)
  close()
})

tally.run()
