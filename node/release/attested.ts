import type { CID } from 'multiformats/cid'
import { decode, encode, equalBytes } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { type Attestation, decodeAttestation } from '../../protocol/records/attestation.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { isCustodianOf } from '../../protocol/rules/admit-removal.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import { openCampaign } from '../campaigns/campaigns.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import type { Removals } from '../removals/removals.ts'
import { type Blocks, type Store, startingWith } from '../store/store.ts'
import type { ChosenShard } from './choose-shards.ts'

/** An attestation that is kept here. */
export interface KeptAttestation {
  id: CID
  value: Attestation
  envelope: Uint8Array
}

/** Shards that an error names. */
const NAMED = 3

/** Every attestation of a campaign that is kept here, in no order. */
async function* keptAttestations(store: Store, campaign: CID): AsyncGenerator<KeptAttestation> {
  for await (const envelope of store.attestations.values(startingWith(campaign.bytes))) {
    const opened = await open(envelope, verifySignature)
    yield { id: opened.id, value: decodeAttestation(opened), envelope }
  }
}

/**
 * An attestation that a release of a known campaign may have.
 *
 * @throws ShoalError `codec_*`, `envelope_*`, `attestation_*`; `attestation_source` where it is not a custodian's;
 *   `campaign_unknown`
 */
export async function judgeAttestation(store: Store, envelope: Uint8Array): Promise<KeptAttestation> {
  const opened = await open(envelope, verifySignature)
  const value = decodeAttestation(opened)
  const { campaign, source } = value
  if (!isCustodianOf(await openCampaign(store, campaign), source))
    throw new ShoalError(
      'attestation_source',
      `${nameOfPeer(source)} is neither a custodian nor the organiser of campaign ${campaign}: its attestations count for nothing`,
    )
  return { id: opened.id, value, envelope }
}

/**
 * Keep an attestation, so that releases made here can have it, as a block that others can ask for.
 *
 * @param now - milliseconds since 1970
 * @throws ShoalError as `judgeAttestation`
 */
export async function keepAttestation(
  { store, blocks }: { store: Store; blocks: Blocks },
  envelope: Uint8Array,
  now: number,
): Promise<KeptAttestation> {
  const judged = await judgeAttestation(store, envelope)
  const { id, value } = judged
  await blocks.put(id, envelope)
  const pin = encode({ why: 'fetched', since: now, bytes: envelope.length })
  const key = Buffer.concat([value.campaign.bytes, id.bytes])
  await store.batch(
    [
      { type: 'put', sublevel: store.pins, key: id.bytes, value: pin },
      { type: 'put', sublevel: store.attestations, key, value: envelope },
    ],
    { sync: true },
  )
  return judged
}

/** Whether a block is an attestation, by its look: nothing is verified. */
export function isAttestation(block: Uint8Array): boolean {
  try {
    return (decode(block) as { kind?: unknown } | null)?.kind === 'attestation'
  } catch {
    return false
  }
}

/** What a custodian has last said of a file, by its CID. Of two of the same time it is the one with the lower id. */
export async function lastAttestations(
  store: Store,
  campaign: CID,
  source: Uint8Array,
): Promise<(file: CID) => KeptAttestation | null> {
  const last = new Map<string, KeptAttestation>()
  for await (const one of keptAttestations(store, campaign)) {
    if (!equalBytes(one.value.source, source)) continue
    for (const file of one.value.files) {
      const other = last.get(file.toString())
      if (other === undefined || compareLast(one, other) < 0) last.set(file.toString(), one)
    }
  }
  return (file) => last.get(file.toString()) ?? null
}

function compareLast(a: KeptAttestation, b: KeptAttestation): number {
  return b.value.scannedAt - a.value.scannedAt || compareBytes(a.id.bytes, b.id.bytes)
}

/**
 * A custodian's word on each of the shards that a release takes. Where something matched, the removals by which it is out
 * have to be known here: without them the release would still have it.
 *
 * @returns for each shard the attestation
 * @throws ShoalError `attestation_source`; `release_unattested` where the custodian has not looked at a shard;
 *   `attestation_removals`
 */
export async function demandAttested(
  { store, removals }: { store: Store; removals: Removals },
  { id, campaign }: { id: CID; campaign: Campaign },
  source: Uint8Array,
  shards: readonly ChosenShard[],
): Promise<KeptAttestation[]> {
  const name = nameOfPeer(source)
  if (!isCustodianOf(campaign, source))
    throw new ShoalError(
      'attestation_source',
      `${name} is neither a custodian nor the organiser of the campaign: name one of those with --attested-by`,
    )
  const lastOf = await lastAttestations(store, id, source)
  const found = shards.map(({ cid }) => lastOf(cid))
  const missing = shards.filter((_, i) => found[i] === null)
  if (missing.length > 0) {
    const more = missing.length - NAMED
    const named = missing.slice(0, NAMED).map(({ manifest }) => manifest)
    throw new ShoalError(
      'release_unattested',
      `${missing.length} of ${shards.length} shards have no attestation by ${name} here: ask for one, which \`shoal attest ${id}\` makes there (${named.join(', ')}${more > 0 ? ` and ${more} more` : ''})`,
    )
  }
  const needed = new Set(found.flatMap((one) => one!.value.removal?.toString() ?? []))
  if (needed.size > 0) for (const removal of await removals.list(id)) needed.delete(removal.id.toString())
  if (needed.size > 0)
    throw new ShoalError(
      'attestation_removals',
      `${name} found rows that its removals take out, but these are not all here: wait until this node has synced with one that has them, or ask for them`,
    )
  return found.map((one) => one!)
}
