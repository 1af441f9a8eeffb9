import { randomBytes } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { packResult } from '../../node/ledger/pack-result.ts'
import { type RowFields, SHARD, VERDICT } from '../../node/ledger/rows.ts'
import type { Store } from '../../node/store/store.ts'
import { cidOf, encode } from '../../protocol/codec.ts'
import { DEFAULT_AUDIT } from '../../protocol/records/campaign.ts'
import { makeVerdict, packFindings, type Verdict } from '../../protocol/records/verdict.ts'
import { makeRoster } from '../../protocol/rules/assign.ts'
import { chooseVerifiers } from '../../protocol/rules/assign-verifiers.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import { fillLedger, RECORD_BYTES } from './fill-ledger.ts'

const PEERS = 1_000
const DAYS = 30
const FIRST_DAY = 20_000
/** One shard in so many is forged: its verifiers accuse it. */
const FORGED_EACH = 200

/** Put shards into a ledger's tables, each with the verdicts of those whose turn it was. */
export async function fillVerdicts(store: Store, campaign: CID, shards: number): Promise<void> {
  const peers = Array.from({ length: PEERS }, () => new Uint8Array(randomBytes(32))).sort(compareBytes)
  const roster = makeRoster(peers)
  const forged = await Promise.all(
    Array.from({ length: Math.ceil(shards / FORGED_EACH) }, async (_, i) => {
      const segment = i * FORGED_EACH
      return Promise.all(verifiersOf(segment).map((verifier) => accuse(segment, verifier)))
    }),
  )
  await fillLedger(store, peers, recordsOf())

  function* recordsOf() {
    for (let segment = 0; segment < shards; segment++) {
      const manifest = manifestOf(segment).multihash.digest
      const place = { segment, campaign: 1, manifest, rows: 1000 }
      yield {
        bytes: randomBytes(RECORD_BYTES),
        fieldsOf: (digest: Uint8Array): RowFields => ({
          ...{ ...place, kind: SHARD, digest, seq: segment, peer: producerOf(segment) },
        }),
      }
      for (const [i, verifier] of verifiersOf(segment).entries()) {
        const isForged = segment % FORGED_EACH === 0
        const said = isForged ? forged[segment / FORGED_EACH]![i]! : null
        yield {
          bytes: said?.bytes ?? randomBytes(RECORD_BYTES),
          fieldsOf: (digest: Uint8Array): RowFields => ({
            ...{ ...place, kind: VERDICT, digest, peer: verifier, producer: producerOf(segment) },
            epoch: epochOf(segment),
            result: packResult({ ...SAID, ruling: isForged ? 'forged' : 'good' }),
          }),
        }
      }
    }
  }

  function producerOf(segment: number): number {
    // forgers are few, and forge now and then
    return segment % FORGED_EACH === 0 ? (segment / FORGED_EACH) % 10 : 10 + (segment % (PEERS - 10))
  }

  function epochOf(segment: number): number {
    return FIRST_DAY + Math.floor((DAYS * segment) / shards)
  }

  function verifiersOf(segment: number): number[] {
    const audit = { segment, producer: peers[producerOf(segment)]!, epoch: epochOf(segment) }
    return chooseVerifiers(audit, roster, DEFAULT_AUDIT.verifiers)
  }

  function accuse(segment: number, verifier: number) {
    return makeVerdict(
      {
        ...{ campaign, segment, manifest: manifestOf(segment), producer: peers[producerOf(segment)]! },
        ...{ epoch: epochOf(segment), proof: new Uint8Array(randomBytes(64)), deviceClass: 'cpu/fp32' },
        ...{ frames: { kept: 1000, dropped: 1000 }, ...SAID },
        findings: packFindings(Array.from({ length: 135 }, (_, i) => (i === 0 ? 'forged' : 'match'))),
        ...{ matched: 134, forged: [{ frame: 'kept', row: verifier, code: 'row_text', found: {} }] },
        ...{ rechecked: [], ruling: 'forged' },
      },
      { publicKey: peers[verifier]!, sign: () => new Uint8Array(randomBytes(64)) },
    )
  }
}

function manifestOf(segment: number): CID {
  return cidOf(encode(segment))
}

const SAID: Pick<Verdict, 'sampled' | 'unverifiable'> = {
  sampled: { kept: 60, dropped: 60, source: 15 },
  unverifiable: 0,
}
