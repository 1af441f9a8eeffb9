import { fork } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ledger, openLedger, verifyInPool } from '../../node/ledger/ledger.ts'
import { SHARD } from '../../node/ledger/rows.ts'
import { openStore, type Store } from '../../node/store/store.ts'
import { cidOf, encode } from '../../protocol/codec.ts'
import type { Sealed, Signer } from '../../protocol/envelope.ts'
import { DEFAULT_AUDIT, makeCampaign } from '../../protocol/records/campaign.ts'
import { makeShard } from '../../protocol/records/shard.ts'
import { makeVerdict, packFindings, proofMessage } from '../../protocol/records/verdict.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import { sampleCounts } from '../../protocol/rules/sample.ts'
import { median } from './extract.ts'
import { fillLedger, RECORD_BYTES } from './fill-ledger.ts'
import type { LedgerJudging } from './ledger-judge.ts'
import type { LedgerOpening } from './ledger-open.ts'
import { fillVerdicts } from './ledger-verdicts.ts'

const RECORDS = 500_000
/** Shards that are judged, each by three verdicts. */
const JUDGED = 100_000
const PEERS = 2_000
const ROUNDS = 7
const BATCH = 1_000
const AT_ONCE = 32

/**
 * Taking in shards as a sync does, in batches, from bytes until they are on the disk; against checking the same
 * number of signatures and nothing else, in a loop, with keys made beforehand; then verdicts on them, which have two
 * signatures each. And opening a ledger of many records, and judging one of many verdicts, in processes of their own.
 *
 * @returns records a second, that rate over the bare checks', and times and peaks of memory: of the opening, and of the
 *   judging with the longest that the event loop stood still
 */
export async function benchLedger(records = RECORDS, judged = JUDGED): Promise<Record<string, number>> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  try {
    return {
      ...(await benchIntake(join(dir, 'intake'))),
      ...(await benchOpening(join(dir, 'opening'), records)),
      ...(await benchJudging(join(dir, 'judging'), judged)),
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function benchIntake(dir: string): Promise<Record<string, number>> {
  const { store, ledger, campaign, signer, keys } = await openEmpty(dir)
  const verifier = makeSigner().signer
  const message = randomBytes(300)
  const signature = await signer.sign(message)
  const bare = () => {
    for (let i = 0; i < BATCH; i++) verify(null, message, keys.publicKey, signature)
  }
  const rounds: { own: number; verdicts: number; bare: number }[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const batch: Uint8Array[] = []
    const verdicts: Uint8Array[] = []
    for (let seq = round * BATCH; seq < (round + 1) * BATCH; seq++) {
      const shard = shardFields(campaign, seq)
      batch.push((await makeShard(shard, signer)).bytes)
      verdicts.push(await sealVerdict(shard, signer.publicKey, verifier))
    }
    rounds.push({
      own: await time(() => addAll(ledger, batch)),
      verdicts: await time(() => addAll(ledger, verdicts)),
      bare: await time(bare),
    })
  }
  await ledger.close()
  await store.close()
  // the first one warms up
  const timed = rounds.slice(1)
  return {
    ofLimit: median(timed.map((round) => round.bare / round.own)),
    verdictsOfLimit: median(timed.map((round) => (2 * round.bare) / round.verdicts)),
    perSecond: BATCH / median(timed.map((round) => round.own)),
  }
}

/** As many at once as a sync does. */
async function addAll(ledger: Ledger, batch: Uint8Array[]): Promise<void> {
  let next = 0
  async function work(): Promise<void> {
    for (let bytes = batch[next++]; bytes !== undefined; bytes = batch[next++]) {
      const { verdict, code } = await ledger.add(bytes, 'sync')
      if (verdict !== 'accept') throw new Error(`a record was refused with ${code}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** The records are no envelopes, only as long as one: an opening does not read them. */
async function benchOpening(dir: string, records: number): Promise<{ openSeconds: number; openMiB: number }> {
  const { store, ledger } = await openEmpty(dir)
  await ledger.close()
  const peers = Array.from({ length: PEERS }, () => new Uint8Array(randomBytes(32)))
  await fillLedger(
    store,
    peers,
    Iterator.from(Array(records).keys()).map((i) => ({
      bytes: randomBytes(RECORD_BYTES),
      fieldsOf: (digest) => ({
        ...{
          kind: SHARD,
          digest,
          seq: i,
          segment: i,
          peer: i % PEERS,
          campaign: 1,
          manifest: digest,
          rows: 1,
        },
      }),
    })),
  )
  await store.close()
  const opening = await runApart<LedgerOpening>('./ledger-open.ts', dir)
  if (opening.shards !== records) throw new Error(`${opening.shards} records came back`)
  return { openSeconds: opening.openSeconds, openMiB: opening.openMiB }
}

/** Judging all shards of a ledger that was just opened. */
async function benchJudging(dir: string, shards: number) {
  const { store, ledger, campaign } = await openEmpty(dir)
  await ledger.close()
  await fillVerdicts(store, campaign.id, shards)
  await store.close()
  const { judgeSeconds, stillMs, judgeMiB, states } = await runApart<LedgerJudging>('./ledger-judge.ts', dir)
  if (!(states.verified! > 0.95 * shards && states.refused! > 0))
    throw new Error(`shards are ${JSON.stringify(states)}`)
  return { judgeSeconds, judgeStillMs: stillMs, judgeMiB }
}

async function runApart<Result>(module: string, dir: string): Promise<Result> {
  const child = fork(new URL(module, import.meta.url), [dir])
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${module} ended with ${code}`)
  })
  const [result] = (await Promise.race([once(child, 'message'), failed])) as [Result]
  await failed.catch(() => {})
  return result
}

interface Empty {
  store: Store
  ledger: Ledger
  campaign: Sealed
  signer: Signer
  keys: { publicKey: KeyObject; privateKey: KeyObject }
}

function makeSigner(): Pick<Empty, 'keys' | 'signer'> {
  const keys = generateKeyPairSync('ed25519')
  const publicKey = new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  const signOne = (message: Uint8Array) => new Uint8Array(sign(null, message, keys.privateKey))
  return { keys, signer: { publicKey, sign: signOne } }
}

async function sealVerdict(
  { campaign, segment, manifest, rows }: ReturnType<typeof shardFields>,
  producer: Uint8Array,
  signer: Signer,
): Promise<Uint8Array> {
  const frames = { kept: rows, dropped: rows }
  const sampled = sampleCounts(frames, DEFAULT_AUDIT.samples)
  const matched = sampled.kept + sampled.dropped + sampled.source
  const verdict = {
    ...{ campaign, segment, manifest, producer, frames, sampled, matched, unverifiable: 0 },
    ...{ epoch: 20_000, deviceClass: 'cpu/fp32', forged: [], rechecked: [], ruling: 'good' as const },
    findings: packFindings(Array.from({ length: matched }, () => 'match')),
    proof: new Uint8Array(await signer.sign(proofMessage(manifest))),
  }
  return (await makeVerdict(verdict, signer)).bytes
}

async function openEmpty(dir: string): Promise<Empty> {
  const { keys, signer } = makeSigner()
  const campaign = await makeCampaign(
    {
      name: 'bench',
      contact: 'bench@example.org',
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: RECORDS, parts: 1 }],
      pipeline: {
        model: { repo: 'bench', files: [{ path: 'model.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
        rules: PRESETS['laion-5b']!,
        consent: ['robots.txt', 'X-Robots-Tag', 'TDMRep'],
        safety: { tags: null, heads: [] },
      },
      audit: DEFAULT_AUDIT,
      trust: { mode: 'open', operators: [] },
      custodians: [],
    },
    signer,
  )
  const store = await openStore(dir)
  const ledger = await openLedger({ store, verify: verifyInPool, clock: Date.now })
  await ledger.add(campaign.bytes, 'own')
  return { store, ledger, campaign, signer, keys }
}

function shardFields(campaign: Sealed, seq: number) {
  const manifest = cidOf(encode(seq))
  return {
    campaign: campaign.id,
    segment: seq,
    manifest,
    rows: 1000,
    seq,
    previous: seq === 0 ? null : manifest,
  }
}

async function time(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}
