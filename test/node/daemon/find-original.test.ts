import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findOriginal, judgeCopy } from '../../../node/daemon/find-original.ts'
import { hearShards } from '../../../node/daemon/hear-shards.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Signer } from '../../../protocol/envelope.ts'
import { type Manifest, makeManifest } from '../../../protocol/records/manifest.ts'
import { makeShard } from '../../../protocol/records/shard.ts'
import { packFindings, type Verdict } from '../../../protocol/records/verdict.ts'
import { countVotes, findLiars, isConvicted, makeBallots } from '../../../protocol/rules/quorum.ts'
import { MINUTE, makeSigner, type Place, sealCampaign, withLedgers } from '../ledger/make-records.ts'

const author = makeSigner(1)
const copier = makeSigner(2)
const campaign = await sealCampaign(3)

const copies = suite('find-original')

/** A shard's manifest with one pair. @param pairs - what its pairs' file consists of */
function manifestOf(pairs: string, startedAt = 1): { cid: CID; bytes: Uint8Array; manifest: Manifest } {
  const file = (name: string, content: string) => ({
    name,
    cid: cidOf(encode(content), 'raw'),
    bytes: 9,
    rows: 1,
  })
  const manifest: Manifest = {
    ...{ campaign: campaign.id, segment: 0, pipeline: cidOf(encode('pipeline')) },
    files: [file('pairs.parquet', pairs), file('outcomes.parquet', 'the same for all')],
    counts: {
      records: 1,
      responses: 1,
      htmlPages: 1,
      badRecords: 0,
      imgs: 1,
      candidates: 1,
      pairs: 1,
      kept: 1,
    },
    ...{ deviceClass: 'cpu/fp32', software: 'test/1', previous: null },
    produced: { startedAt, finishedAt: startedAt },
  }
  return { ...makeManifest(manifest), manifest }
}

/** A place where shards are heard of, and looked into. */
function listen({ ledger, time }: Place, known: { cid: CID; bytes: Uint8Array }[]) {
  const hearings = hearShards(ledger, () => time.now)
  const find = (cid: CID) => known.find((one) => one.cid.equals(cid))?.bytes
  const parts = {
    hearings,
    blocks: {
      has: async (cid: CID) => find(cid) !== undefined,
      async *get(cid: CID) {
        yield find(cid)!
      },
    } as unknown as Parameters<typeof findOriginal>[0]['blocks'],
    network: { fetchBlock: async () => null },
  }
  return {
    hearings,
    async hear(signer: Signer, { cid: manifest }: { cid: CID }, how: 'gossip' | 'sync' = 'gossip') {
      const record = await makeShard(
        { campaign: campaign.id, segment: 0, manifest, rows: 1, seq: 0, previous: null },
        signer,
      )
      assert.is((await ledger.add(record.bytes, how)).code, 'ok')
      return record.id
    },
    /** @param isLive - whether its image came from the web */
    suspect: (record: CID, { cid, manifest }: ReturnType<typeof manifestOf>, isLive = true) => ({
      ...{ record, cid, manifest },
      outcomes: {
        async *groups() {
          yield [{ outcome: 'kept', image_offset: isLive ? null : 7n }]
        },
      } as unknown as Parameters<typeof findOriginal>[2]['outcomes'],
    }),
    original: (...[suspect]: [Parameters<typeof findOriginal>[2]]) =>
      findOriginal(parts, campaign.id, suspect),
    judge: (suspect: Parameters<typeof judgeCopy>[2], original: Parameters<typeof judgeCopy>[3]) =>
      judgeCopy(parts, campaign.id, suspect, original),
  }
}

copies('the same pairs, heard of clearly later, are a copy; the first are none', () =>
  withLedgers(1, campaign, async (place) => {
    const [first, second] = [manifestOf('pairs', 1), manifestOf('pairs', 2)]
    const node = listen(place!, [first, second])
    const ofFirst = await node.hear(author, first)
    place!.time.now += MINUTE
    const ofSecond = await node.hear(copier, second)
    const copy = node.suspect(ofSecond, second)
    const real = node.suspect(ofFirst, first)
    assert.ok((await node.original(copy))?.equals(first.cid))
    assert.is(await node.original(real), null)
    assert.is(await node.judge(copy, { manifest: first.cid, record: ofFirst }), true)
    assert.is(await node.judge(real, { manifest: second.cid, record: ofSecond }), false, 'a liar accuses it')
    assert.is(await node.judge(real, null), false, 'of nothing that is known')
    node.hearings.close()
  }),
)

copies('the very manifest, signed by another', () =>
  withLedgers(1, campaign, async (place) => {
    const first = manifestOf('pairs')
    const node = listen(place!, [first])
    await node.hear(author, first)
    place!.time.now += MINUTE
    const copy = node.suspect(await node.hear(copier, first), first, false)
    assert.ok((await node.original(copy))?.equals(first.cid))
    node.hearings.close()
  }),
)

copies('nothing is said of what this node can’t know, or where honest nodes get the same', () =>
  withLedgers(1, campaign, async (place) => {
    const [first, same, other] = [manifestOf('pairs', 1), manifestOf('pairs', 2), manifestOf('others', 3)]
    const node = listen(place!, [first, same, other])
    const ofFirst = await node.hear(author, first)
    place!.time.now += MINUTE
    const ofOther = await node.hear(copier, other)
    assert.is(await node.original(node.suspect(ofOther, other)), null, 'other pairs')
    assert.is(await node.judge(node.suspect(ofOther, other), { manifest: first.cid, record: ofFirst }), false)
    const ofArchive = await node.hear(makeSigner(3), same)
    assert.is(await node.original(node.suspect(ofArchive, same, false)), null, 'images of the archive alone')
    const synced = await node.hear(makeSigner(4), same, 'sync')
    assert.is(await node.original(node.suspect(synced, same)), null, 'it may be older')
    assert.is(await node.judge(node.suspect(synced, same), { manifest: first.cid, record: ofFirst }), null)
    node.hearings.close()
  }),
)

copies('what is published at nearly the same time is not told apart', () =>
  withLedgers(1, campaign, async (place) => {
    const [first, second] = [manifestOf('pairs', 1), manifestOf('pairs', 2)]
    const node = listen(place!, [first, second])
    await node.hear(author, first)
    place!.time.now += 5_000
    assert.is(await node.original(node.suspect(await node.hear(copier, second), second)), null)
    node.hearings.close()
  }),
)

copies('two who say so refuse a copy, and whoever knows nothing of it has not lied', () => {
  const verdict = (n: number, place: number | null) =>
    ({
      ...{ verifier: makeSigner(n).publicKey, epoch: 1, ruling: place === null ? 'good' : 'forged' },
      ...{ deviceClass: 'cpu/fp32', proof: new Uint8Array(64).fill(n), unverifiable: 0, rechecked: [] },
      ...{ frames: { kept: 1, dropped: 0 }, sampled: { kept: 1, dropped: 0, source: 1 } },
      findings: packFindings(['match', place === null ? 'match' : 'forged']),
      forged: place === null ? [] : [{ frame: 'source', row: place, code: 'shard_copied', found: {} }],
    }) as unknown as Verdict
  const rowsOf = (...verdicts: Verdict[]) =>
    countVotes(makeBallots(verdicts, (key) => verdicts.findIndex(({ verifier }) => verifier === key)))
  const rows = rowsOf(verdict(5, 11), verdict(6, 12), verdict(7, null))
  assert.ok(isConvicted(rows, 3))
  assert.equal(findLiars(rows, 3), [])
  assert.not(isConvicted(rowsOf(verdict(5, 11), verdict(7, null)), 3), 'one alone')
})

copies.run()
