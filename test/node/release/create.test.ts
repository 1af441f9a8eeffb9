import { hash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Pair } from '../../../node/components.ts'
import {
  campaignOf,
  checkRelease,
  createRelease,
  demandTrusted,
  diffReleases,
  entriesOf,
  knownReleases,
  readRelease,
} from '../../../node/release/release.ts'
import { openTable } from '../../../node/shard/shard.ts'
import { pairUid } from '../../../protocol/uid.ts'
import { codeOf } from '../../protocol/fault.ts'
import { makePair, range } from '../shard/sample.ts'
import { clock, type MadeCampaign, makeReleasable, type OpenNode, tellRemovals } from './made-campaign.ts'

const release = suite('releases')

/** Three shards: the second begins with ten pairs of the first; the third has one page's pair of the first elsewhere. */
const SHARDS: Pair[][] = [
  range(20).map(makePair),
  range(20).map((i) => makePair(i + 10)),
  [
    ...range(5).map((i) => makePair(i + 100)),
    { ...makePair(3), pageUrl: 'https://other.example/', imageOrdinal: 40 },
  ],
]

const request = ({ campaign }: MadeCampaign) => ({ campaign, policy: null, removals: null, validDays: 30 })
const create = (made: MadeCampaign, node: OpenNode = made.organiser, changes: object = {}) =>
  createRelease({ ...node, clock }, { ...request(made), ...changes })

let template: MadeCampaign
release.before(async () => {
  template = await makeReleasable(SHARDS)
  await template.organiser.close()
})
release.after(() => template.close())

async function withCampaign(work: (made: MadeCampaign) => Promise<void>): Promise<void> {
  const made = await template.again()
  try {
    await work(made)
  } finally {
    await made.close()
  }
}

async function uidsOf({ home }: OpenNode, id: CID): Promise<string[]> {
  const { content } = await readRelease(home.blocks, id)
  const uids: string[] = []
  for await (const { pairs, bytes, rows } of entriesOf(home.blocks, content)) {
    const table = await openTable(home.blocks, { name: 'pairs.parquet', cid: pairs, bytes, rows })
    for await (const group of table.groups(['uid'])) uids.push(...group.map(({ uid }) => uid as string))
  }
  return uids
}

async function removalsFile(made: MadeCampaign, lines: object[]): Promise<string> {
  const file = join(made.dir, 'removals.jsonl')
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return file
}

release('it has each pair once, of the first shard that has it, and other shards as they are', async () => {
  await withCampaign(async (made) => {
    const { blocks } = made.organiser.home
    const { id, content, renewed } = await create(made)
    assert.equal(content.counts, { shards: 3, pairs: 35, duplicates: 11, removed: 0, unfit: 0 })
    assert.is(content.number, 1)
    assert.is(renewed, false)
    const entries = await Array.fromAsync(entriesOf(blocks, content))
    assert.equal(
      entries.map(({ segment, rows, duplicates, removed }) => [segment, rows, duplicates, removed]),
      [
        [0, 20, 0, 0],
        [1, 10, 10, 0],
        [2, 5, 1, 0],
      ],
    )
    assert.equal(
      entries.map(({ manifest }) => manifest.toString()),
      made.manifests.map(String),
    )
    const uids = await uidsOf(made.organiser, id)
    assert.is(new Set(uids).size, 35)
    const { checks } = await checkRelease({ ...made.organiser, clock }, id)
    assert.equal(
      checks.filter(({ state }) => state !== 'holds'),
      [],
    )
  })
})

release('two nodes with the same records make the same content, and sign it each for itself', async () => {
  await withCampaign(async (made) => {
    const other = await made.copy()
    const lines = [{ kind: 'url', value: SHARDS[0]![2]!.url, reason: 'rights', basis: 'ticket 1' }]
    const removals = await removalsFile(made, lines)
    const mine = await create(made, made.organiser, { removals })
    assert.is(await codeOf(() => create(made, other)), 'removals_stale')
    await tellRemovals(made.campaign, made.organiser, other)
    const theirs = await create(made, other)
    assert.is(mine.signed.release.toString(), theirs.signed.release.toString())
    assert.is.not(mine.id.toString(), theirs.id.toString())
    assert.is(mine.content.counts.removed, 1)
  })
})

release('removed pairs, addresses, sites and images are not in it, until that is taken back', async () => {
  await withCampaign(async (made) => {
    const first = await create(made)
    const uids = await uidsOf(made.organiser, first.id)
    const image = SHARDS[2]![0]!.sha256
    const lines = [
      { kind: 'pair', value: uids[5], reason: 'privacy', basis: 'a letter' },
      { kind: 'url', value: SHARDS[0]![0]!.url.replace('https:', 'http:'), reason: 'rights', basis: 'x' },
      { kind: 'origin', value: 'img1.example.com', reason: 'consent', basis: 'DNS TXT' },
      { kind: 'image', value: image, reason: 'safety', basis: 'a list' },
    ]
    const removals = await removalsFile(made, lines)
    const second = await create(made, made.organiser, { removals })
    assert.is(second.signedRemovals, 4)
    assert.is(second.content.number, 2)
    assert.is(second.content.supersedes?.toString(), first.signed.release.toString())
    const left = await uidsOf(made.organiser, second.id)
    // img1 has the pictures 1, 8, 15, 22, 29 and 106 would be the next but is not there
    const fell = uids.filter((uid) => !left.includes(uid))
    assert.is(fell.length, 1 + 1 + 5 + 1)
    assert.ok(fell.includes(uids[5]!) && fell.includes(uids[0]!))
    const diff = await diffReleases(made.organiser.home, [first.id, second.id])
    assert.equal(diff.pairs, { gone: 8, came: 0, stayed: 27 })
    assert.equal(diff.shards, { gone: 0, came: 0, stayed: 0, changed: 3 })
    const { checks } = await checkRelease({ ...made.organiser, clock }, second.id)
    assert.equal(
      checks.filter(({ state }) => state !== 'holds'),
      [],
    )

    assert.is((await create(made, made.organiser, { removals })).signedRemovals, 0)
    const back = await removalsFile(
      made,
      lines.map((line) => ({ ...line, takeBack: true })),
    )
    const third = await create(made, made.organiser, { removals: back })
    assert.is(third.content.removals, null)
    assert.equal(await uidsOf(made.organiser, third.id), uids)
  })
})

release('the same content is signed again, with newer dates', async () => {
  await withCampaign(async (made) => {
    const first = await create(made)
    const later = () => clock() + 86_400_000
    const again = await createRelease({ ...made.organiser, clock: later }, request(made))
    assert.is(again.renewed, true)
    assert.is(again.signed.release.toString(), first.signed.release.toString())
    assert.is(again.signed.removals.seq, 1)
    assert.is(again.signed.removals.nextUpdate, first.signed.removals.nextUpdate + 86_400_000)
    assert.is((await Array.fromAsync(knownReleases(made.organiser.home.store))).length, 2)
  })
})

release('a stale one is refused, and one of a signer whom nobody named', async () => {
  await withCampaign(async (made) => {
    const other = await made.copy()
    const { id } = await create(made)
    const late = { ...made.organiser, clock: () => clock() + 31 * 86_400_000 }
    assert.is(await codeOf(() => checkRelease(late, id)), 'removals_stale')
    await tellRemovals(made.campaign, made.organiser, other)
    const foreign = await create(made, other)
    const parts = { ...other, clock }
    assert.is(await codeOf(() => checkRelease(parts, foreign.id)), 'release_signer')
    const signers = [other.home.signer.publicKey]
    assert.is(await codeOf(() => checkRelease(parts, foreign.id, { signers })), null)
    const read = await readRelease(other.home.blocks, foreign.id)
    const campaign = await campaignOf(other.home.blocks, read.content)
    assert.is(await codeOf(async () => demandTrusted(read, { campaign, signers, now: clock() })), null)
    assert.is(await codeOf(() => readRelease(other.home.blocks, foreign.signed.release)), 'release_unsigned')
  })
})

release('only what the policy takes is in it', async () => {
  const made = await makeReleasable(SHARDS, { unaudited: [1] })
  try {
    assert.is((await create(made)).content.counts.shards, 2)
    const policy = { quorum: null, operators: [made.organiser.home.signer.peerId], leastStanding: null }
    assert.is(await codeOf(() => create(made, made.organiser, { policy })), 'release_empty')
  } finally {
    await made.close()
  }
})

release('a row that bears the name of another does not make that one fall', async () => {
  const [first, second] = [SHARDS[2]!.slice(0, 5), SHARDS[0]!]
  const [stolen] = second as [Pair]
  const uid = pairUid(stolen, (bytes) => hash('sha256', bytes))
  const forge = (pair: Pair, own: string) => (pair === first[0] ? uid : own)
  const made = await makeReleasable([first, second], { forge })
  try {
    const { id, content } = await create(made)
    assert.equal(content.counts, { shards: 2, pairs: 24, duplicates: 0, removed: 1, unfit: 0 })
    assert.is((await uidsOf(made.organiser, id)).filter((one) => one === uid).length, 1)
  } finally {
    await made.close()
  }
})

release('a shard that is not here whole is named, and nothing is left behind', async () => {
  await withCampaign(async (made) => {
    const node = await made.copy()
    await tellRemovals(made.campaign, made.organiser, node)
    const { content } = await create(made)
    const [entry] = await Array.fromAsync(entriesOf(made.organiser.home.blocks, content))
    await node.home.blocks.delete(entry!.pairs)
    try {
      await create(made, node)
      assert.unreachable()
    } catch (error) {
      assert.is((error as { code: string }).code, 'release_missing')
      assert.match((error as Error).message, made.manifests[0]!.toString())
      assert.match((error as Error).message, /shoal fetch/)
    }
    assert.equal(await Array.fromAsync(knownReleases(node.home.store)), [])
  })
})

release('what is missing is told, and what was tampered with', async () => {
  await withCampaign(async (made) => {
    const { id, content } = await create(made)
    const { home } = made.organiser
    const [first, second] = await Array.fromAsync(entriesOf(home.blocks, content))
    await home.blocks.delete(first!.pairs)
    const states = async () =>
      Object.fromEntries(
        (await checkRelease({ ...made.organiser, clock }, id)).checks.map(({ what, state }) => [what, state]),
      )
    assert.equal(await states(), {
      ...{ signature: 'holds', shards: 'holds', blocks: 'unknown', verdicts: 'holds' },
      ...{ rows: 'unknown', dropped: 'unknown' },
    })
    await home.blocks.put(second!.pairs, new Uint8Array([1, 2, 3]))
    assert.is((await states()).blocks, 'fails')
    await rm(join(made.organiser.dir, 'work'), { recursive: true, force: true })
  })
})

release('a line that is no removal is named, and none of its file is kept', async () => {
  await withCampaign(async (made) => {
    const good = { kind: 'url', value: 'https://a.example/', reason: 'rights', basis: 'x' }
    for (const bad of [
      { ...good, kind: 'person' },
      { ...good, value: 'no address' },
      { ...good, reason: 'mood' },
      { ...good, more: 1 },
    ]) {
      const removals = await removalsFile(made, [good, bad])
      assert.is(await codeOf(() => create(made, made.organiser, { removals })), 'removals_line')
    }
    const removals = join(made.dir, 'none.jsonl')
    assert.is(await codeOf(() => create(made, made.organiser, { removals })), 'removals_unreadable')
    assert.equal(await Array.fromAsync(made.organiser.home.store.removals.keys()), [])
  })
})

release.run()
