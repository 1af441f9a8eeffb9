import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { attest, type ScanLists, type ScannedRow, writeAttestations } from '../../../node/attest/attest.ts'
import { importCar } from '../../../node/car/car.ts'
import { checkRelease, createRelease, entriesOf } from '../../../node/release/release.ts'
import { openTable } from '../../../node/shard/shard.ts'
import { encode } from '../../../protocol/codec.ts'
import { makeAttestation } from '../../../protocol/records/attestation.ts'
import { codeOf } from '../../protocol/fault.ts'
import { clock, type MadeCampaign, makeReleasable, tellRemovals } from '../release/made-campaign.ts'
import { makePair, range } from '../shard/sample.ts'

const attesting = suite('attesting')

let template: MadeCampaign
attesting.before(async () => {
  // one pair without a PDQ in each
  const without = (i: number) => ({ ...makePair(i), pdq: i % 20 === 0 ? null : 'ab'.repeat(32) })
  template = await makeReleasable([range(20).map(without), range(20).map((i) => without(i + 20))])
  await template.organiser.close()
})
attesting.after(() => template.close())

async function withCampaign(work: (made: MadeCampaign) => Promise<void>): Promise<void> {
  const made = await template.again()
  try {
    await work(made)
  } finally {
    await made.close()
  }
}

const digest = new Uint8Array(32).fill(4)
/** As if these rows were on a list. */
const listsWith = (has: (row: ScannedRow) => boolean, entries = 1): ScanLists => ({
  lists: [
    { kind: 'pdq', digest, entries },
    { kind: 'sha256', digest, entries },
  ],
  has,
})
const nothing = listsWith(() => false)

attesting('of a campaign: all shards are looked at once, and again when a list has changed', async () => {
  await withCampaign(async ({ campaign, organiser }) => {
    const parts = { ...organiser, clock }
    const first = await attest(parts, campaign, nothing)
    assert.equal([first.files, first.skipped, first.missing], [2, 0, 0])
    assert.equal([first.rows, first.matched], [40, 0])
    assert.is(first.attestations.length, 1)
    const { lists, removal } = first.attestations[0]!.value
    assert.equal(
      lists.map(({ kind, rows }) => [kind, rows]),
      [
        ['sha256', 40],
        ['pdq', 38],
      ],
    )
    assert.is(removal, null)
    const again = await attest(parts, campaign, nothing)
    assert.equal([again.files, again.skipped, again.attestations.length], [0, 2, 0])
    const changed = {
      ...nothing,
      lists: nothing.lists.map((list) => ({ ...list, digest: digest.map(() => 5) })),
    }
    assert.is((await attest(parts, campaign, changed)).files, 2)
  })
})

attesting('what matches is removed before it is signed, and nothing says which it was', async () => {
  await withCampaign(async ({ campaign, organiser, manifests }) => {
    const parts = { ...organiser, clock }
    const [bad, good] = [makePair(7), makePair(8)]
    const lists = listsWith(({ sha256 }) => sha256 === bad.sha256)
    const { matched, attestations } = await attest(parts, manifests[0]!, lists)
    assert.is(matched, 1)
    const [{ value, envelope }] = attestations as [(typeof attestations)[0]]
    assert.is(value.files.length, 1)
    const [removal, ...others] = await organiser.removals.list(campaign)
    assert.equal(others, [])
    assert.is(String(removal!.id), String(value.removal))
    const { subject, reason, expires } = removal!.value
    assert.equal([subject.kind, reason, expires], ['pair', 'safety', null])
    const said = [Buffer.from(envelope), Buffer.from(encode(removal!.value))]
    const hashes = [bad.sha256, bad.md5].map((hex) => Buffer.from(hex, 'hex'))
    for (const bytes of said)
      for (const told of [bad.url, bad.sha256, bad.md5, ...hashes]) assert.not(bytes.includes(told))

    await attest(parts, manifests[1]!, lists)
    const attestedBy = organiser.home.signer.publicKey
    const request = { campaign, policy: null, removals: null, validDays: 30, attestedBy }
    const { id, content } = await createRelease(parts, request)
    assert.equal([content.counts.removed, content.counts.pairs], [1, 39])
    const urls: unknown[] = []
    for await (const { pairs, bytes, rows } of entriesOf(organiser.home.blocks, content)) {
      const table = await openTable(organiser.home.blocks, { name: 'pairs.parquet', cid: pairs, bytes, rows })
      for await (const group of table.groups(['url'])) urls.push(...group.map(({ url }) => url))
    }
    assert.not(urls.includes(bad.url))
    assert.ok(urls.includes(good.url))
    const { checks } = await checkRelease(parts, id)
    assert.is(checks.find(({ what }) => what === 'attestations')?.state, 'holds')
    // of what is left of it nothing matches
    const after = await attest(parts, id, { ...lists, lists: lists.lists.slice(1) })
    assert.equal([after.files, after.rows, after.matched], [2, 39, 0])
  })
})

attesting('they go to another node in a file, by way of which no stranger says anything', async () => {
  await withCampaign(async (made) => {
    const { campaign, organiser } = made
    const other = await made.copy()
    await attest({ ...organiser, clock }, made.manifests[0]!, nothing)
    const { covering } = await attest({ ...organiser, clock }, campaign, nothing)
    assert.is(covering.length, 2)
    const path = join(made.dir, 'attestations.car')
    await writeAttestations(covering, path)
    const { roots } = await importCar(other.home, path)
    assert.equal(
      roots.map(({ kind }) => kind),
      ['attestation', 'attestation'],
    )
    await tellRemovals(campaign, organiser, other)
    const attestedBy = organiser.home.signer.publicKey
    const request = { campaign, policy: null, removals: null, validDays: 30, attestedBy }
    const { content } = await createRelease({ ...other, clock }, request)
    assert.is(content.counts.shards, 2)

    const { source: _, ...fields } = covering[0]!.value
    const { bytes: envelope, id } = await makeAttestation(fields, other.home.signer)
    const theirs = join(made.dir, 'theirs.car')
    await writeAttestations([{ id, envelope, value: covering[0]!.value }], theirs)
    assert.is(await codeOf(() => importCar(organiser.home, theirs)), 'attestation_source')
    assert.is(await codeOf(() => writeAttestations(covering, join(made.dir, 'no', 'where'))), 'car_write')
  })
})

attesting('nobody signs what would not count, or without a list', async () => {
  await withCampaign(async (made) => {
    const { campaign, organiser } = made
    const other = await made.copy()
    const codeFor = (node: typeof other, lists = nothing) =>
      codeOf(() => attest({ ...node, clock }, campaign, lists))
    assert.is(await codeFor(other), 'attest_custodian')
    assert.is(await codeFor(organiser, { lists: [], has: () => false }), 'attest_lists')
    const { attestations } = await attest({ ...organiser, clock }, campaign, nothing)
    assert.is(
      await codeOf(() => attest({ ...organiser, clock }, attestations[0]!.id, nothing)),
      'attest_unknown',
    )
  })
})

attesting.run()
