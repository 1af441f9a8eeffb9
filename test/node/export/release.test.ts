import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixfs } from '@helia/unixfs'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ExportOptions } from '../../../node/export/export.ts'
import { loadIdentity } from '../../../node/identity.ts'
import { readBlock } from '../../../node/shard/shard.ts'
import { cidOf } from '../../../protocol/codec.ts'
import type { Signer } from '../../../protocol/envelope.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { decodeManifest } from '../../../protocol/records/manifest.ts'
import {
  makeRelease,
  makeReleaseContent,
  makeReleasePage,
  type ReleaseEntry,
} from '../../../protocol/records/release.ts'
import { duckdb, type Published, publishSample } from '../shard/sample.ts'
import { exportThem } from './exporting.ts'

const releases = suite('exporting releases')
const PAIRS = 40
const NOW = Date.UTC(2026, 0, 2)
const DAY_MS = 86_400_000

let shard: Published
let dir: string
let entries: ReleaseEntry[]
releases.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  shard = await publishSample(dir, 2 * PAIRS)
  const second = await shard.publish({ segment: 1 })
  for await (const value of shard.store.campaigns.values()) await put(value)
  const whole = await entryOf(shard.manifest)
  // of the second one, rows fell
  const out = join(dir, 'rest.parquet')
  await exportThem(shard, [second], { format: 'parquet', out, isFile: true, filters: { minWidth: 222 } })
  const { size: bytes } = await stat(out)
  const pairs = await unixfs({ blockstore: shard.blocks }).addByteStream(createReadStream(out), {
    profile: 'unixfs-v1-2025',
  })
  entries = [
    whole,
    { ...(await entryOf(second)), pairs, bytes, rows: PAIRS - 11, duplicates: 6, removed: 3, unfit: 2 },
  ]
})
releases.after(async () => {
  await shard.store.close()
  await rm(dir, { recursive: true })
})

async function put(bytes: Uint8Array): Promise<CID> {
  const cid = cidOf(bytes)
  await shard.blocks.put(cid, bytes)
  return cid
}

async function entryOf(manifest: CID): Promise<ReleaseEntry> {
  const { segment, files } = decodeManifest(await readBlock(shard.blocks, manifest))
  const { cid, bytes, rows } = files.find(({ name }) => name === 'pairs.parquet')!
  const record = await put((await shard.store.shards.get(manifest.bytes))!)
  return {
    ...{ segment, manifest, record, pairs: cid, bytes, rows, attestation: null },
    ...{ duplicates: 0, removed: 0, unfit: 0 },
  }
}

/** A signed release of the entries, as it is here once it was fetched. */
async function release(
  some: ReleaseEntry[],
  { signer = shard.signer as Signer, thisUpdate = NOW - DAY_MS, attestedBy = null as Uint8Array | null } = {},
): Promise<CID> {
  const { campaign } = decodeManifest(await readBlock(shard.blocks, shard.manifest))
  const sum = (name: 'rows' | 'duplicates' | 'removed' | 'unfit') =>
    some.reduce((all, entry) => all + entry[name], 0)
  const root = new Uint8Array(32).fill(7)
  const content = makeReleaseContent({
    ...{
      type: 'release',
      campaign,
      profile: 'research',
      number: 1,
      supersedes: null,
      removals: root,
      attestedBy,
    },
    policy: { quorum: 2, operators: null, leastStanding: 0 },
    shards: [await put(makeReleasePage(some).bytes)],
    counts: {
      shards: some.length,
      pairs: sum('rows'),
      duplicates: sum('duplicates'),
      removed: sum('removed'),
      unfit: sum('unfit'),
    },
  })
  const removals = { seq: 4, root, thisUpdate, nextUpdate: thisUpdate + 30 * DAY_MS }
  const signed = await makeRelease(
    { release: await put(content.bytes), campaign, profile: 'research', number: 1, removals },
    signer,
  )
  return put(signed.bytes)
}

const codeOf = (cid: CID, options: Partial<ExportOptions> = {}) =>
  exportThem(shard, [cid], { format: 'laion5b', out: join(dir, 'refused'), ...options }).then(
    () => 'nothing thrown',
    (error: ShoalError) => error.code,
  )

releases('are written shard by shard, without the rows that fell', async () => {
  const out = join(dir, 'all')
  const cid = await release(entries)
  // the shard that was named besides is in the release already
  const result = await exportThem(shard, [cid, shard.manifest], { format: 'parquet', out })
  assert.equal([result.files, result.rows], [2, 2 * PAIRS - 11])
  const [counted] = await duckdb(
    `select count(*)::int as n, min(width)::int as w from '${out}/pairs-00001.parquet'`,
  )
  assert.equal(counted, { n: PAIRS - 11, w: 222 })
  const bytes = async (path: string) => cidOf(await readFile(path), 'raw').toString()
  assert.is(await bytes(join(out, 'pairs-00000.parquet')), await bytes(join(dir, 'files', 'pairs.parquet')))
  const card = await readFile(join(out, 'README.md'), 'utf8')
  assert.match(
    card,
    `release \`${cid}\`, number 1, profile \`research\`, signed by \`${shard.signer.peerId}\``,
  )
  assert.match(card, 'removals up to 2026-01-01T00:00:00Z were applied (head 4, root `0707')
  assert.match(card, '**After 2026-01-31T00:00:00Z do not use it any more**')
  assert.match(card, '6 pairs fell as duplicates of other shards, 3 by removals, 2 by the profile')
  assert.match(card, 'took shards with 2 good verdicts at least')
  assert.not.match(card, 'are in no release')
  assert.not.match(card, 'a custodian, signed')
})

releases('of which a custodian has looked at every shard say so', async () => {
  const attestation = cidOf(Buffer.from('what it signed'))
  const attested = entries.map((entry) => ({ ...entry, attestation }))
  const cid = await release(attested, { attestedBy: shard.signer.publicKey })
  const out = join(dir, 'attested')
  await exportThem(shard, [cid], { format: 'parquet', out })
  const card = await readFile(join(out, 'README.md'), 'utf8')
  assert.match(card, `\`${shard.signer.peerId}\`, a custodian, signed that the pictures of each shard`)
})

releases('are refused where removals are stale, or nobody who is trusted signed', async () => {
  const before = await readdir(dir)
  assert.is(await codeOf(await release(entries, { thisUpdate: NOW - 30 * DAY_MS })), 'removals_stale')
  const stranger = await loadIdentity(join(dir, 'store'))
  const theirs = await release(entries, { signer: stranger })
  assert.is(await codeOf(theirs), 'release_signer')
  assert.equal(await readdir(dir), before)
  assert.is(await codeOf(theirs, { signers: [stranger.publicKey] }), 'nothing thrown')
  await rm(join(dir, 'refused'), { recursive: true })
})

releases('that contradict their shards are refused, and nothing is left', async () => {
  const before = await readdir(dir)
  const [whole, rest] = entries as [ReleaseEntry, ReleaseEntry]
  const cases: [string, ReleaseEntry[]][] = [
    ['release_mismatch', [{ ...whole, pairs: rest.pairs, bytes: rest.bytes }]],
    ['release_mismatch', [{ ...rest, removed: 4 }]],
    ['release_mismatch', [{ ...whole, segment: 5 }]],
    ['release_mismatch', [{ ...whole, record: rest.record }]],
    ['shard_rows', [{ ...rest, rows: PAIRS - 12, removed: 4 }]],
    ['block_missing', [{ ...rest, pairs: cidOf(new Uint8Array(3), 'raw') }]],
  ]
  for (const [code, some] of cases) assert.is(await codeOf(await release(some)), code)
  assert.equal(await readdir(dir), before)
})

releases('and shards that are not here are refused', async () => {
  assert.is(await codeOf(cidOf(new Uint8Array(9))), 'shard_unknown')
  const { content } = { content: CID.decode((await release(entries)).bytes) }
  await shard.blocks.delete(content)
  assert.is(await codeOf(content), 'shard_unknown')
})

releases.run()
