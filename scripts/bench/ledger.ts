import { fork } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ledger, openLedger, verifyInPool } from '../../node/ledger/ledger.ts'
import { digestOfRecord } from '../../node/ledger/record-id.ts'
import { makeRows, PAGE_ROWS, SHARD } from '../../node/ledger/rows.ts'
import { openStore, orderedKey, type Store, type Write } from '../../node/store/store.ts'
import { cidOf, encode } from '../../protocol/codec.ts'
import type { Sealed, Signer } from '../../protocol/envelope.ts'
import { DEFAULT_AUDIT, makeCampaign } from '../../protocol/records/campaign.ts'
import { makeShard } from '../../protocol/records/shard.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import { median } from './extract.ts'
import type { LedgerOpening } from './ledger-open.ts'

const RECORDS = 500_000
const PEERS = 2_000
const ROUNDS = 7
const BATCH = 1_000
const AT_ONCE = 32
const RECORD_BYTES = 420

/**
 * Taking in shards as a sync does, in batches, from bytes until they are on the disk; against checking the same
 * number of signatures and nothing else, in a loop, with keys made beforehand. And opening a ledger of many records
 * in a process of its own.
 *
 * @returns records a second, that rate over the bare checks', and the opening's time and peak of memory
 */
export async function benchLedger(
  records = RECORDS,
): Promise<{ ofLimit: number; perSecond: number; openSeconds: number; openMiB: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  try {
    return {
      ...(await benchIntake(join(dir, 'intake'))),
      ...(await benchOpening(join(dir, 'opening'), records)),
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function benchIntake(dir: string): Promise<{ ofLimit: number; perSecond: number }> {
  const { store, ledger, campaign, signer, keys } = await openEmpty(dir)
  const message = randomBytes(300)
  const signature = await signer.sign(message)
  const bare = () => {
    for (let i = 0; i < BATCH; i++) verify(null, message, keys.publicKey, signature)
  }
  const rounds: { own: number; bare: number }[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const batch: Uint8Array[] = []
    for (let seq = round * BATCH; seq < (round + 1) * BATCH; seq++)
      batch.push((await makeShard(shardFields(campaign, seq), signer)).bytes)
    rounds.push({ own: await time(() => addAll(ledger, batch)), bare: await time(bare) })
  }
  await ledger.close()
  await store.close()
  // the first one warms up
  const timed = rounds.slice(1)
  return {
    ofLimit: median(timed.map((round) => round.bare / round.own)),
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
  const peers = Array.from({ length: PEERS }, (_, peer) => [numberKey(peer), randomBytes(32)] as const)
  await store.batch(peers.map(([key, value]) => ({ type: 'put', sublevel: store.peers, key, value })))
  const rows = makeRows()
  for (let page = 0; page * PAGE_ROWS < records; page++) {
    const writes: Write[] = []
    for (let i = page * PAGE_ROWS; i < Math.min((page + 1) * PAGE_ROWS, records); i++) {
      const bytes = randomBytes(RECORD_BYTES)
      const digest = digestOfRecord(bytes)
      rows.take({
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
      })
      writes.push({ type: 'put', sublevel: store.records, key: digest, value: bytes })
    }
    writes.push({ type: 'put', sublevel: store.rows, key: numberKey(page), value: rows.page(page) })
    await store.batch(writes)
  }
  await store.close()
  const child = fork(new URL('./ledger-open.ts', import.meta.url), [dir])
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the opening ended with ${code}`)
  })
  const [opening] = (await Promise.race([once(child, 'message'), failed])) as [LedgerOpening]
  await failed.catch(() => {})
  if (opening.shards !== records) throw new Error(`${opening.shards} records came back`)
  return { openSeconds: opening.openSeconds, openMiB: opening.openMiB }
}

interface Empty {
  store: Store
  ledger: Ledger
  campaign: Sealed
  signer: Signer
  keys: { publicKey: KeyObject; privateKey: KeyObject }
}

async function openEmpty(dir: string): Promise<Empty> {
  const keys = generateKeyPairSync('ed25519')
  const publicKey = new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  const signer = {
    publicKey,
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, keys.privateKey)),
  }
  const campaign = await makeCampaign(
    {
      name: 'bench',
      contact: 'bench@example.org',
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: RECORDS, parts: 1 }],
      pipeline: {
        model: { repo: 'bench', files: [{ path: 'model.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
        rules: PRESETS['laion-5b']!,
        consent: ['robots.txt', 'X-Robots-Tag'],
        safety: {},
      },
      audit: DEFAULT_AUDIT,
      trust: { mode: 'open', operators: [] },
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

function numberKey(number: number): Uint8Array {
  return orderedKey(new Uint8Array(), number)
}

async function time(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}
