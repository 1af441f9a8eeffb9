import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { signCampaign } from '../../../node/campaigns/campaigns.ts'
import { openHome } from '../../../node/home.ts'
import { openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { makeSigner, sealClaim, sealShard } from '../ledger/make-records.ts'
import { startProcesses, until } from './start-processes.ts'

const RECORDS = 3_000
/** Of the time that it takes to fill a ledger with them, so many times at most. */
const MOST = 2
/** Those after the first that was fast enough are spared. */
const NEWCOMERS = 3

const newcomer = suite('newcomer')

newcomer('gets 3,000 records in one sync', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-newcomer-'))
  const processes = startProcesses(dir, {
    ...{ loopback: { hosts: {} }, contentionMs: 600 },
    ...{ syncEveryMs: 600_000, idle: true },
  })
  try {
    const { campaign, ms: fillMs } = await fillLedger(join(dir, 'elder'), RECORDS)
    const elder = await processes.start('elder', { passive: true })
    const digestOf = async (node: typeof elder) => (await node.ask('status')).campaigns[0]?.digest
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < NEWCOMERS && least >= MOST * fillMs; i++) {
      const node = await processes.start(`newcomer-${i}`)
      await node.ask('join', { cid: campaign, peer: elder.address })
      // from the opening of the stream to the last record on the disk
      const { received, ms } = await until('it has synced', () => node.syncs[0])
      // the elder is the campaign's custodian, and tells in a record of its own what is removed
      assert.ok(received === RECORDS || received === RECORDS + 1, `${received}`)
      await until(
        'it knows what the elder does',
        async () => (await digestOf(node)) === (await digestOf(elder)),
      )
      await node.kill()
      console.log(`    ${RECORDS} records in ${ms.toFixed(0)} ms`)
      least = Math.min(least, ms)
    }
    assert.ok(least < MOST * fillMs, `${least} ms; filling a ledger took ${fillMs} ms`)
  } catch (error) {
    console.error(await processes.tails())
    throw error
  } finally {
    await processes.killAll()
    await rm(dir, { recursive: true })
  }
})

/** A node's ledger with as many claims and shards, of many peers, on a segment each. @returns the campaign's CID, and
 * the milliseconds of it */
async function fillLedger(dataDir: string, records: number): Promise<{ campaign: string; ms: number }> {
  const home = await openHome(dataDir)
  const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
  const entries = Array.from({ length: records }, (_, i) => `${i}.warc.gz`)
  const { campaign, envelope } = await signCampaign(home, {
    ...{ name: 'known', contact: 'test@example.org', rules: PRESETS['laion-5b']! },
    sources: [{ kind: 'warc', base: 'http://archive.example/', parts: 1, entries }],
    model: { repo: 'none', files: [{ path: 'none.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
  })
  await ledger.add(envelope, 'own')
  const named = { id: campaign, bytes: envelope }
  const signers = Array.from({ length: 30 }, (_, i) => makeSigner(i))
  const add = async (segment: number) => {
    const signer = signers[segment % signers.length]!
    const record = await (segment % 2 === 0
      ? sealShard(named, signer, { segment, seq: segment })
      : sealClaim(named, signer, { segment, issued: Date.now() }))
    const { verdict } = await ledger.add(record.bytes, 'own')
    assert.is(verdict, 'accept')
  }
  const began = performance.now()
  await Promise.all(entries.map((_, segment) => add(segment)))
  const ms = performance.now() - began
  await ledger.close()
  await home.close()
  return { campaign: campaign.toString(), ms }
}

newcomer.run()
