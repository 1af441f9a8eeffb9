import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportCar, importCar } from '../../../node/car/car.ts'
import { fetchRelease } from '../../../node/daemon/fetch-release.ts'
import { openPool } from '../../../node/fetch/fetch.ts'
import { collect } from '../../../node/pins/pins.ts'
import {
  checkRelease,
  createRelease,
  entriesOf,
  keepAttestation,
  keepRelease,
  readRelease,
} from '../../../node/release/release.ts'
import { readBlock } from '../../../node/shard/shard.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Signer } from '../../../protocol/envelope.ts'
import { type Attestation, makeAttestation } from '../../../protocol/records/attestation.ts'
import { decodeManifest } from '../../../protocol/records/manifest.ts'
import { makeRelease, makeReleaseContent, makeReleasePage } from '../../../protocol/records/release.ts'
import { subjectHash } from '../../../protocol/rules/remove.ts'
import { codeOf } from '../../protocol/fault.ts'
import { HIDES_NOTHING } from '../denied/hides-nothing.ts'
import { playSource } from '../fetch/played-source.ts'
import { makeSigner, NOW } from '../ledger/make-records.ts'
import { makePair, range } from '../shard/sample.ts'
import { clock, type MadeCampaign, makeReleasable, type OpenNode, openNode } from './made-campaign.ts'

const attested = suite('releases with attestations')
const DAY_MS = 86_400_000

let template: MadeCampaign
attested.before(async () => {
  // the second begins with ten pairs of the first, so that a release has a file of its own for it
  template = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 10))])
  await template.organiser.close()
})
attested.after(() => template.close())

async function withCampaign(work: (made: MadeCampaign, files: CID[]) => Promise<void>): Promise<void> {
  const made = await template.again()
  try {
    const { blocks } = made.organiser.home
    const manifests = await Promise.all(made.manifests.map((cid) => readBlock(blocks, cid)))
    const files = manifests.map((bytes) => decodeManifest(bytes).files.find(isPairs)!.cid)
    await work(made, files)
  } finally {
    await made.close()
  }
}
const isPairs = ({ name }: { name: string }) => name === 'pairs.parquet'

async function sealFor(
  { campaign, organiser }: MadeCampaign,
  files: CID[],
  change: Partial<Attestation> = {},
  signer: Signer = organiser.home.signer,
): Promise<Uint8Array> {
  const { source: _, ...fields }: Attestation = {
    ...{ campaign, files: files.toSorted((a, b) => Buffer.compare(a.bytes, b.bytes)) },
    lists: [{ kind: 'sha256', digest: new Uint8Array(32).fill(9), entries: 1_000_000, rows: 40 }],
    ...{ rows: 40, matched: 0, removal: null, scannedAt: NOW - DAY_MS, source: signer.publicKey },
    ...change,
  }
  return (await makeAttestation(fields, signer)).bytes
}

const create = ({ campaign, organiser }: MadeCampaign, attestedBy = organiser.home.signer.publicKey) =>
  createRelease(
    { ...organiser, clock },
    { campaign, policy: null, removals: null, validDays: 30, attestedBy },
  )
const check = async (node: OpenNode, id: CID) =>
  (await checkRelease({ ...node, clock }, id)).checks.find(({ what }) => what === 'attestations')

attested('one that demands them is not made before the custodian has looked at every shard', async () => {
  await withCampaign(async (made, files) => {
    const { home } = made.organiser
    assert.is(await codeOf(() => create(made)), 'release_unattested')
    await keepAttestation(home, await sealFor(made, files.slice(0, 1)), NOW)
    const message = await create(made).then(
      () => 'made',
      (error: Error) => error.message,
    )
    assert.match(message, '1 of 2 shards')
    assert.match(message, made.manifests[1]!.toString())
    const last = await keepAttestation(home, await sealFor(made, files, { scannedAt: NOW }), NOW)
    await keepAttestation(home, await sealFor(made, files, { rows: 41 }), NOW)
    const { id, content } = await create(made)
    assert.equal(content.attestedBy, made.organiser.home.signer.publicKey)
    for await (const { attestation } of entriesOf(made.organiser.home.blocks, content))
      assert.is(String(attestation), String(last.id))
    const found = await check(made.organiser, id)
    assert.is(found?.state, 'holds')
    assert.match(found!.detail, '2 shards: looked up on ')
    assert.match(found!.detail, 'sha256 090909090909… of 1,000,000; of 40 rows 0 matched')
  })
})

attested('only a custodian can say so', async () => {
  await withCampaign(async (made, files) => {
    const stranger = makeSigner(77)
    const theirs = await sealFor(made, files, {}, stranger)
    const { home } = made.organiser
    assert.is(await codeOf(() => keepAttestation(home, theirs, NOW)), 'attestation_source')
    assert.is(await codeOf(() => create(made, stranger.publicKey)), 'attestation_source')
    const elsewhere = await sealFor(made, files, { campaign: cidOf(encode('another')) })
    assert.is(await codeOf(() => keepAttestation(home, elsewhere, NOW)), 'campaign_unknown')
  })
})

attested('where something matched, the removals by which it is out have to be here', async () => {
  await withCampaign(async (made, files) => {
    const { home, removals } = made.organiser
    const removal = cidOf(encode('unknown'))
    await keepAttestation(home, await sealFor(made, files, { matched: 1, removal }), NOW)
    assert.is(await codeOf(() => create(made)), 'attestation_removals')
    const hash = subjectHash('url', makePair(3).url, (bytes) => cidOf(bytes, 'raw').multihash.digest)!
    const wanted = { subject: { kind: 'url', hash }, reason: 'safety', basis: 'scan', expires: null } as const
    const { ids } = await removals.issue(made.campaign, [wanted])
    const known = { matched: 1, removal: ids[0]!, scannedAt: NOW }
    await keepAttestation(home, await sealFor(made, files, known), NOW)
    const { id, content } = await create(made)
    assert.is(content.counts.removed, 1)
    assert.match((await check(made.organiser, id))!.detail, 'of 40 rows 1 matched')
  })
})

attested('they come along in a CAR file, and the files they are on do not', async () => {
  await withCampaign(async (made, files) => {
    await keepAttestation(made.organiser.home, await sealFor(made, files), NOW)
    const { id } = await create(made)
    const path = join(made.dir, 'release.car')
    await exportCar(made.organiser.home, id, path)
    const other = await openNode(join(made.dir, 'other'))
    try {
      await importCar(other.home, path)
      await collect(other.home, { clock: () => NOW + 1e12, graceMs: 0 })
      assert.is((await check(other, id))?.state, 'holds')
      assert.not(await other.home.blocks.has(files[1]!))
    } finally {
      await other.close()
    }
  })
})

attested('they are fetched with the release', async () => {
  await withCampaign(async (made, files) => {
    const { home } = made.organiser
    await keepAttestation(home, await sealFor(made, files), NOW)
    const { id } = await create(made)
    const other = await openNode(join(made.dir, 'other'))
    try {
      const work: Parameters<typeof fetchRelease>[0] = {
        ...{
          home: other.home,
          removals: other.removals,
          hiding: HIDES_NOTHING,
          clock,
          room: async () => 1e9,
          onBytes() {},
        },
        network: { provide() {} },
        withPool(_root, _campaign, use) {
          const pool = openPool([playSource('one', home.blocks)], {})
          return use(pool).finally(pool.close)
        },
      }
      await fetchRelease(work, id, { cid: id.toString() })
      assert.is((await check(other, id))?.state, 'holds')
    } finally {
      await other.close()
    }
  })
})

attested('a release is found out that names attestations of other shards, of others, or none', async () => {
  await withCampaign(async (made, files) => {
    const { home } = made.organiser
    const { blocks, signer } = home
    const genuine = await create(made).catch(async () => {
      await keepAttestation(home, await sealFor(made, files), NOW)
      return create(made)
    })
    const entries = await Array.fromAsync(entriesOf(blocks, genuine.content))
    const put = async (bytes: Uint8Array) => {
      const cid = cidOf(bytes)
      await blocks.put(cid, bytes)
      return cid
    }
    const forge = async (attestation: CID | null, attestedBy: Uint8Array | null = signer.publicKey) => {
      const page = await put(makeReleasePage(entries.map((entry) => ({ ...entry, attestation }))).bytes)
      const content = makeReleaseContent({ ...genuine.content, shards: [page], attestedBy })
      const { peer: _, ...signed } = genuine.signed
      const release = await makeRelease({ ...signed, release: await put(content.bytes) }, signer)
      await keepRelease(home, { id: release.id, envelope: release.bytes }, { bytes: 0, now: NOW })
      return release.id
    }
    const ofOne = await put(await sealFor(made, files.slice(0, 1)))
    const byStranger = await put(await sealFor(made, files, {}, makeSigner(77)))
    const ofOther = await put(await sealFor(made, files, { campaign: cidOf(encode('another')) }))
    const faults: [CID, RegExp][] = [
      [ofOne, /is not of shard/],
      [byStranger, /somebody else/],
      [ofOther, /another campaign/],
      [await put(encode('no attestation')), /can't be read/],
    ]
    for (const [cid, message] of faults) {
      const found = await check(made.organiser, await forge(cid))
      assert.is(found?.state, 'fails', String(message))
      assert.match(found!.detail, message)
    }
    assert.is((await check(made.organiser, await forge(cidOf(encode('not here')))))?.state, 'unknown')
    const strange = await forge(byStranger, makeSigner(77).publicKey)
    assert.match((await check(made.organiser, strange))!.detail, 'nobody whose word counts')
    for (const id of [await forge(null), await forge(ofOne, null)]) {
      const { content } = await readRelease(blocks, id)
      assert.is(await codeOf(() => Array.fromAsync(entriesOf(blocks, content))), 'release_mismatch')
    }
  })
})

attested.run()
