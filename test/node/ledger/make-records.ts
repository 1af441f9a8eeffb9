import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Channel, type Ledger, openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import { openStore, type Store } from '../../../node/store/store.ts'
import { cidOf, decode, encode } from '../../../protocol/codec.ts'
import { recordDomain } from '../../../protocol/domains.ts'
import type { Sealed, Signer, Verify } from '../../../protocol/envelope.ts'
import { makeBackoff } from '../../../protocol/records/backoff.ts'
import { DEFAULT_AUDIT, makeCampaign } from '../../../protocol/records/campaign.ts'
import { makeClaim } from '../../../protocol/records/claim.ts'
import { makeShard } from '../../../protocol/records/shard.ts'
import {
  countFindings,
  type Finding,
  makeVerdict,
  packFindings,
  proofMessage,
  ruleOn,
} from '../../../protocol/records/verdict.ts'
import { epochOf } from '../../../protocol/rules/assign-verifiers.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { sampleCounts } from '../../../protocol/rules/sample.ts'

export const MINUTE = 60_000
/** When tests take place, by the clock that they give to ledgers. */
export const NOW = 1_800_000_000_000
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The same key for the same number. */
export function makeSigner(number: number): Signer {
  const seed = createHash('sha256').update(`signer ${number}`).digest()
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
  return { publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) }
}

/** A campaign that anybody can take part in. */
export function sealCampaign(
  segments: number,
  { name = 'test', operators = [] as Uint8Array[] } = {},
): Promise<Sealed> {
  return makeCampaign(
    {
      name,
      contact: 'test@example.org',
      sources: [{ kind: 'warc', base: '', list: cidOf(encode('list'), 'raw'), count: segments, parts: 1 }],
      pipeline: {
        model: { repo: 'test', files: [{ path: 'model.onnx', sha256: '0'.repeat(64), bytes: 1 }] },
        rules: PRESETS['laion-5b']!,
        consent: ['robots.txt', 'X-Robots-Tag', 'TDMRep'],
        safety: { tags: null, heads: [] },
      },
      audit: DEFAULT_AUDIT,
      trust: { mode: operators.length > 0 ? 'listed' : 'open', operators },
      custodians: [],
    },
    makeSigner(0),
  )
}

type ClaimFields = Parameters<typeof makeClaim>[0]

/** A lease of an hour from now on, with what is changed. */
export function sealClaim(
  campaign: Sealed,
  signer: Signer,
  fields: Partial<ClaimFields> = {},
): Promise<Sealed> {
  const issued = fields.issued ?? NOW
  const lease = { campaign: campaign.id, segment: 0, seq: 0, issued, expires: issued + 60 * MINUTE }
  return makeClaim({ ...lease, ...fields }, signer)
}

/** A host that asked for a pause of half an hour just now, with what is changed. */
export function sealBackoff(
  campaign: Sealed,
  signer: Signer,
  fields: Partial<Parameters<typeof makeBackoff>[0]> = {},
): Promise<Sealed> {
  const pause = { status: 429, issued: NOW, until: NOW + 30 * MINUTE } as const
  return makeBackoff({ campaign: campaign.id, host: 'photos.example', ...pause, ...fields }, signer)
}

/** The record with another signature. */
export function forge({ bytes }: Sealed): Uint8Array {
  const envelope = decode(bytes) as { sig: Uint8Array }
  return encode({ ...envelope, sig: envelope.sig.map((byte) => byte ^ 1) })
}

/** A claim of a version that is yet to come. */
export async function sealNewer(signer: Signer): Promise<Uint8Array> {
  const body = encode({ unheard: 'of' })
  const message = Buffer.concat([Buffer.from(recordDomain('claim/2')), body])
  return encode({ kind: 'claim/2', body, key: signer.publicKey, sig: await signer.sign(message) })
}

/** The digest in a record's id. */
export function digestOf(record: Uint8Array): Uint8Array {
  return cidOf(record).multihash.digest
}

export function sealShard(
  campaign: Sealed,
  signer: Signer,
  {
    segment = 0,
    seq = 0,
    content,
    ...called
  }: { segment?: number; seq?: number; content?: string; operator?: string; team?: string } = {},
): Promise<Sealed> {
  const manifest = cidOf(encode(content ?? `${segment} ${seq}`))
  const previous = seq === 0 ? null : cidOf(encode(`before ${seq}`))
  return makeShard({ campaign: campaign.id, segment, manifest, rows: 1, seq, previous, ...called }, signer)
}

interface VerdictFields {
  segment?: number
  content?: string
  epoch?: number
  /** rows of the shard found forged, where the sample holds them */
  forged?: number[]
  rechecked?: { row: number; forged: boolean }[]
  unverifiable?: number
  /** makes two verdicts differ that say the same */
  deviceClass?: string
  /** who signs the proof, unless the verifier does */
  proof?: Signer
  samples?: number
  servers?: { peer: Uint8Array; bytes: number }[]
}

/** A verdict on a shard of sealShard's, of the samples that DEFAULT_AUDIT asks for; its one row is always looked at. */
export async function sealVerdict(
  campaign: Sealed,
  producer: Signer,
  verifier: Signer,
  {
    segment = 0,
    content = `${segment} 0`,
    epoch = epochOf(NOW),
    forged = [],
    rechecked = [],
    unverifiable = 0,
    deviceClass = 'cpu/fp32',
    proof = verifier,
    samples = DEFAULT_AUDIT.samples,
    servers,
  }: VerdictFields = {},
): Promise<Sealed> {
  const manifest = cidOf(encode(content))
  const frames = { kept: 1, dropped: 0 }
  const sampled = sampleCounts(frames, samples)
  const findings = Array.from(
    { length: sampled.kept + sampled.source },
    (_, i): Finding =>
      forged.includes(i) ? 'forged' : i > 0 && i <= unverifiable ? 'unverifiable' : 'match',
  )
  const again = rechecked.map((one) => ({ frame: 'kept' as const, ...one }))
  const counts = countFindings(findings)
  return makeVerdict(
    {
      ...{ campaign: campaign.id, manifest, segment, producer: producer.publicKey, epoch, deviceClass },
      proof: new Uint8Array(await proof.sign(proofMessage(manifest))),
      ...{ frames, sampled, findings: packFindings(findings) },
      ...{ matched: counts.matched, unverifiable: counts.unverifiable },
      forged: forged.map((row) => ({ frame: 'kept', row, code: 'row_text', found: { text: 'another' } })),
      rechecked: again,
      ruling: ruleOn(counts, again),
      ...(servers ? { servers } : {}),
    },
    verifier,
  )
}

export interface Place {
  store: Store
  ledger: Ledger
  /** what its clock shows */
  time: { now: number }
  /** how many signatures it has checked */
  checks: { count: number }
  reopen(): Promise<void>
}

/** Work with ledgers that have joined a campaign, each in a store of its own; they are removed at the end. */
export async function withLedgers(
  count: number,
  campaign: Sealed,
  work: (...places: Place[]) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-ledger-'))
  const places: Place[] = []
  try {
    for (let i = 0; i < count; i++) {
      const place = await openPlace(join(dir, `${i}`))
      await place.ledger.add(campaign.bytes, 'own')
      places.push(place)
    }
    await work(...places)
  } finally {
    for (const { ledger, store } of places) {
      await ledger.close()
      await store.close()
    }
    await rm(dir, { recursive: true })
  }
}

async function openPlace(dir: string): Promise<Place> {
  const time = { now: NOW }
  const checks = { count: 0 }
  const verify: Verify = (...parts) => {
    checks.count++
    return verifyInPool(...parts)
  }
  const open = async () => {
    const store = await openStore(dir)
    return { store, ledger: await openLedger({ store, verify, clock: () => time.now }) }
  }
  const place: Place = {
    ...(await open()),
    time,
    checks,
    async reopen() {
      await place.ledger.close()
      await place.store.close()
      Object.assign(place, await open())
    },
  }
  return place
}

/** Two ends of a channel in memory: what is written to one is read at the other. */
export function makeChannels(): [Channel, Channel] {
  const [there, back] = [makeQueue(), makeQueue()]
  return [
    { read: back.read, write: there.write },
    { read: there.read, write: back.write },
  ]
}

function makeQueue(): Channel {
  const messages: Uint8Array[] = []
  let wake = () => {}
  return {
    async read(signal) {
      while (messages.length === 0) {
        signal.throwIfAborted()
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
        await promise
      }
      return messages.shift()!
    },
    async write(bytes) {
      messages.push(bytes)
      wake()
    },
  }
}

/** Even out two ledgers. */
export async function syncBoth(campaign: Sealed, from: Ledger, to: Ledger) {
  const [here, there] = makeChannels()
  const [asked] = await Promise.all([from.sync(campaign.id, here), to.answer(there)])
  return asked
}
