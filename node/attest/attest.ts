import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_ATTESTED } from '../../protocol/limits.ts'
import { type Attestation, makeAttestation } from '../../protocol/records/attestation.ts'
import { compareBytes } from '../../protocol/rules/select.ts'
import type { StageProgress } from '../components.ts'
import type { Home } from '../home.ts'
import { nameOfPeer } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type KeptAttestation, keepAttestation, lastAttestations } from '../release/release.ts'
import type { Removals } from '../removals/removals.ts'
import { findFiles } from './find-files.ts'
import { removeMatched } from './remove-matched.ts'
import { type ScanLists, type ScannedFile, scanFiles } from './scan-files.ts'

export type { ScanLists, ScannedRow } from './scan-files.ts'
export { useBlocklists } from './use-blocklists.ts'
export { writeAttestations } from './write-attestations.ts'

export interface AttestParts {
  home: Home
  ledger: Ledger
  removals: Removals
  /** milliseconds since 1970 */
  clock: () => number
}

export interface Attested {
  campaign: CID
  /** what was signed now */
  attestations: KeptAttestation[]
  /** those and earlier ones: this node's word on all the files that are here */
  covering: KeptAttestation[]
  /** files that were scanned, and those that had been with the same lists */
  files: number
  skipped: number
  /** verified shards of a campaign that are not here, and so were not looked at */
  missing: number
  rows: number
  matched: number
}

interface AttestOptions {
  onProgress?: ((stages: StageProgress[]) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Look the pairs of a shard, of a release or of all verified shards of a campaign up in this machine's lists, and sign that
 * it was done. What matches is removed, for everybody and before anything is signed; which rows these were is told nobody.
 * Files that this node has attested with the same lists before are passed over.
 *
 * @param cid - of a campaign, a shard or a release
 * @throws ShoalError `attest_custodian` where this node's word would not count; `attest_lists` where there is no list;
 *   `attest_many`; as `findFiles`, `scanFiles`, `Removals.issue`
 */
export async function attest(
  parts: AttestParts,
  cid: CID,
  lists: ScanLists,
  { onProgress = () => {}, signal }: AttestOptions = {},
): Promise<Attested> {
  const { home, removals, clock } = parts
  const { signer, store, blocks } = home
  const { campaign, files, missing } = await findFiles(parts, cid)
  if (!(await removals.isCustodian(campaign)))
    throw new ShoalError(
      'attest_custodian',
      `this node (${nameOfPeer(signer.publicKey)}) is neither a custodian nor the organiser of campaign ${campaign}: nobody would take its word`,
    )
  if (lists.lists.length === 0)
    throw new ShoalError(
      'attest_lists',
      'there is no list on this machine that rows can be looked up in: add one with `shoal blocklist add FILE`',
    )
  const lastOf = await lastAttestations(store, campaign, signer.publicKey)
  const due = files
    .filter(({ cid }) => !hasSameLists(lastOf(cid)?.value, lists))
    .sort((a, b) => compareBytes(a.cid.bytes, b.cid.bytes))
    .filter(({ cid }, i, all) => i === 0 || !all[i - 1]!.cid.equals(cid))
  const stage: StageProgress = {
    ...{ stage: 'read', done: 0, unit: 'rows' },
    total: due.reduce((sum, { rows }) => sum + rows, 0),
  }
  const onRows = (rows: number) => {
    stage.done += rows
    onProgress([stage])
  }

  async function attestSome(some: readonly ScannedFile[]): Promise<KeptAttestation> {
    const scannedAt = clock()
    const { matched, ...scan } = await scanFiles(blocks, some, lists, onRows, signal)
    const removal = await removeMatched(parts, campaign, matched)
    signal?.throwIfAborted()
    const { bytes } = await makeAttestation(
      {
        ...{ campaign, files: some.map(({ cid }) => cid), ...scan },
        ...{ matched: matched.length, removal, scannedAt },
      },
      signer,
    )
    return keepAttestation(home, bytes, clock())
  }

  const attestations: KeptAttestation[] = []
  for (let i = 0; i < due.length; i += MAX_ATTESTED)
    attestations.push(await attestSome(due.slice(i, i + MAX_ATTESTED)))
  const covering = new Map(attestations.map((one) => [one.id.toString(), one]))
  for (const { cid } of files.filter(({ cid }) => hasSameLists(lastOf(cid)?.value, lists)))
    covering.set(lastOf(cid)!.id.toString(), lastOf(cid)!)
  const sum = (name: 'rows' | 'matched') => attestations.reduce((all, { value }) => all + value[name], 0)
  return {
    covering: [...covering.values()],
    ...{ campaign, attestations, missing, files: due.length, skipped: files.length - due.length },
    ...{ rows: sum('rows'), matched: sum('matched') },
  }
}

function hasSameLists(last: Attestation | undefined, { lists }: ScanLists): boolean {
  const namesOf = (some: ScanLists['lists']) =>
    some.map(({ kind, digest }) => `${kind} ${Buffer.from(digest).toString('hex')}`).sort()
  return last !== undefined && namesOf(last.lists).join() === namesOf(lists).join()
}
