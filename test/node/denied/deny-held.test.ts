import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { request } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportCar } from '../../../node/car/car.ts'
import { type Denied, denyHeld, openHiding } from '../../../node/denied/denied.ts'
import { startGateway } from '../../../node/gateway/gateway.ts'
import { openLog } from '../../../node/log.ts'
import { createRelease, entriesOf } from '../../../node/release/release.ts'
import { readBlock } from '../../../node/shard/shard.ts'
import { decodeManifest } from '../../../protocol/records/manifest.ts'
import type { REASONS } from '../../../protocol/records/removal.ts'
import { subjectHash } from '../../../protocol/rules/remove.ts'
import { clock, type MadeCampaign, makeReleasable, type OpenNode } from '../release/made-campaign.ts'
import { makePair, range } from '../shard/sample.ts'

const denied = suite('denied blocks')
const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
const log = openLog('silent', 'stderr')

async function withDenied(work: (made: MadeCampaign, denied: Denied) => Promise<void>): Promise<void> {
  const made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 20))])
  try {
    await withHeld(made.organiser, (held) => work(made, held))
  } finally {
    await made.close()
  }
}

async function withHeld(node: OpenNode, work: (denied: Denied) => Promise<void>): Promise<void> {
  const held = await denyHeld(node.home, openHiding(node.removals, []), log)
  try {
    await held.settled()
    await work(held)
  } finally {
    await held.close()
  }
}

async function filesOf({ organiser }: MadeCampaign, manifest: CID): Promise<CID[]> {
  return decodeManifest(await readBlock(organiser.home.blocks, manifest)).files.map(({ cid }) => cid)
}

function remove(i: number, reason: (typeof REASONS)[number], takeBack = false) {
  const subject = { kind: 'url', hash: new Uint8Array(subjectHash('url', makePair(i).url, sha256)!) } as const
  return { subject, reason, basis: 'a test', expires: null, takeBack }
}

/** Those who listen are told a moment later. */
async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !isSo() && performance.now() < end; ) await sleep(20)
  assert.ok(isSo(), 'in time')
}

const isDenied = (held: Denied, files: CID[]) => files.map((file) => held.campaignOf(file) !== null)
const codeOf = (work: Promise<unknown>) => work.then(() => null).catch(({ code }) => code)

denied('files with removed rows are denied, others not, until that is taken back', () =>
  withDenied(async (made, held) => {
    const { organiser, campaign, manifests } = made
    const [first, second] = [await filesOf(made, manifests[0]!), await filesOf(made, manifests[1]!)]
    assert.equal(isDenied(held, [...first, ...second]), [false, false, false, false])
    await organiser.removals.issue(campaign, [remove(7, 'rights')])
    await until(() => isDenied(held, first).every(Boolean))
    assert.equal(isDenied(held, [...first, ...second]), [true, true, false, false])
    assert.ok(held.campaignOf(first[0]!)!.equals(campaign))
    assert.equal(
      held
        .files()
        .map(({ file, isSecret }) => [file.toString(), isSecret])
        .sort(),
      first.map((file) => [file.toString(), false]).sort(),
    )
    const blocks = held.guard(organiser.home.blocks)
    assert.is(await codeOf(blocks.has(first[0]!)), 'block_denied')
    assert.is(await codeOf(Array.fromAsync(blocks.get(first[1]!))), 'block_denied')
    assert.is((await readBlock(blocks, manifests[0]!)).length > 0, true)
    assert.ok(await blocks.has(second[0]!))
    const car = exportCar({ ...organiser.home, blocks }, manifests[0]!, join(made.dir, 'denied.car'))
    assert.is(await codeOf(car), 'block_denied')
    const gateway = await startGateway({ blocks, listen: { host: '127.0.0.1', port: 0 }, log })
    try {
      const ask = (cid: CID, format: string) => request(`${gateway.address}/ipfs/${cid}?format=${format}`)
      for (const format of ['raw', 'car']) {
        const { statusCode, headers, body } = await ask(first[0]!, format)
        await body.dump()
        assert.equal([statusCode, headers['cache-control']], [410, 'no-store'])
        const other = await ask(second[0]!, format)
        await other.body.dump()
        assert.is(other.statusCode, 200)
      }
      const manifest = await ask(manifests[0]!, 'raw')
      await manifest.body.dump()
      assert.is(manifest.statusCode, 200)
      // all of the shard breaks off where the rows begin
      const whole = await ask(manifests[0]!, 'car')
      assert.is(await codeOf(whole.body.bytes()), 'UND_ERR_SOCKET')
    } finally {
      await gateway.close()
    }

    await organiser.removals.issue(campaign, [remove(7, 'rights', true), remove(30, 'safety')])
    await until(() => isDenied(held, second).every(Boolean) && !isDenied(held, first).some(Boolean))
    assert.equal(isDenied(held, [...first, ...second]), [false, false, true, true])
    assert.ok(held.files().every(({ isSecret }) => isSecret))
  }),
)

denied(
  'it is known from the start of the next process, and what a release left is looked through as well',
  () =>
    withDenied(async (made, held) => {
      const { organiser, campaign, manifests } = made
      await organiser.removals.issue(campaign, [remove(7, 'rights')])
      const request = { campaign, policy: null, removals: null, validDays: 30 }
      const { content } = await createRelease({ ...organiser, clock }, request)
      const entries = await Array.fromAsync(entriesOf(organiser.home.blocks, content))
      const rewritten = entries.find(({ removed }) => removed === 1)!.pairs
      held.look()
      await held.settled()
      assert.equal(isDenied(held, [rewritten]), [false])
      await organiser.removals.issue(campaign, [remove(8, 'rights')])
      await held.settled()
      await until(() => isDenied(held, [rewritten])[0]!)
      await held.settled()
      await held.close()
      const again = await denyHeld(organiser.home, openHiding(organiser.removals, []), log)
      // before anything was looked through
      assert.equal(isDenied(again, [rewritten, ...(await filesOf(made, manifests[0]!))]), [true, true, true])
      // a shard that is kept no longer is forgotten
      await organiser.home.store.shards.del(manifests[0]!.bytes)
      await organiser.home.store.releases.clear()
      again.look()
      await again.settled()
      assert.equal(again.files(), [])
      await again.close()
    }),
)

denied("what the owner's lists have is hidden, whichever way they name it, and secret", async () => {
  const made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 20))])
  const { organiser, campaign, manifests, dir } = made
  const { blocklists } = organiser.home
  const hiding = openHiding(organiser.removals, [blocklists])
  const held = await denyHeld(organiser.home, hiding, log)
  try {
    const [first, second] = [await filesOf(made, manifests[0]!), await filesOf(made, manifests[1]!)]
    const { url, md5, sha256: file, pdq } = makePair(25)
    const near = Buffer.from(pdq!, 'hex')
    near[3]! ^= 0xff
    near[9]! ^= 0xff
    const path = join(dir, 'list.jsonl')
    for (const [kind, value] of Object.entries({ url, md5, sha256: file, pdq: near.toString('hex') })) {
      await writeFile(path, `${JSON.stringify({ kind, value })}\n`)
      await blocklists.add(path, 'listed')
      // one kind of file has no md5
      await until(() => isDenied(held, second).filter(Boolean).length === (kind === 'md5' ? 1 : 2))
      assert.ok(held.files().every(({ isSecret }) => isSecret))
      const isHidden = await hiding.judge(campaign)
      const rowOf = (i: number) => ({ ...makePair(i), uid: '', page_url: makePair(i).pageUrl })
      assert.equal([isHidden(rowOf(25)), isHidden(rowOf(26))], [true, false], kind)
      await blocklists.remove('listed')
      await until(() => held.files().length === 0 && !isDenied(held, second).some(Boolean))
    }
    assert.equal(isDenied(held, first), [false, false])
  } finally {
    await held.close()
    await made.close()
  }
})

denied.run()
