import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Denied, denyHeld, openHiding } from '../../../node/denied/denied.ts'
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
  for (const end = performance.now() + 10_000; !isSo() && performance.now() < end; ) await sleep(20)
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
    await until(() => held.files().length === 2)
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

denied.run()
