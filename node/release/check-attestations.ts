import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { open } from '../../protocol/envelope.ts'
import { type Attestation, decodeAttestation } from '../../protocol/records/attestation.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import type { ReleaseEntry } from '../../protocol/records/release.ts'
import { isCustodianOf } from '../../protocol/rules/admit-removal.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import type { Removals } from '../removals/removals.ts'
import type { Blocks } from '../store/store.ts'
import { type Check, startFindings } from './findings.ts'
import { type ReadRelease, readBlock } from './read.ts'

/** Lists that are told of. */
const NAMED = 3

interface Read {
  /** null where nobody can read it */
  value: Attestation | null
  files: ReadonlySet<string>
  /** what is wrong with it, whichever shard it is of; or null */
  fault: string | null
}

/**
 * Whether the custodian that a release names has said of each of its shards that it looked at the pictures. That it did so
 * is its word.
 *
 * @param campaign - its record, or null where it is not here: then whoever signed may be anybody
 */
export async function checkAttestations(
  { blocks, removals }: { blocks: Blocks; removals: Removals },
  { content }: ReadRelease,
  campaign: Campaign | null,
  entries: readonly ReleaseEntry[],
): Promise<Check> {
  const findings = startFindings()
  const all = new Map<string, Read | null>()
  const source = content.attestedBy!
  for (const entry of entries) {
    const id = entry.attestation!
    if (!all.has(id.toString())) all.set(id.toString(), await readOne(id))
    const read = all.get(id.toString())!
    if (read === null) findings.isUnknown()
    else if (read.fault !== null) findings.isWrong(`attestation ${id} ${read.fault}`)
    else if (read.files.has(entry.pairs.toString())) findings.holds()
    else if (!(await blocks.has(entry.manifest))) findings.isUnknown()
    else if (read.files.has((await pairsOf(entry.manifest)).toString())) findings.holds()
    else findings.isWrong(`attestation ${id} is not of shard ${entry.manifest}`)
  }

  async function readOne(id: CID): Promise<Read | null> {
    if (!(await blocks.has(id))) return null
    try {
      const value = decodeAttestation(await open(await readBlock(blocks, id), verifySignature))
      return { value, files: new Set(value.files.map(String)), fault: faultOf(value) }
    } catch (error) {
      return { value: null, files: new Set(), fault: `can't be read: ${(error as Error).message}` }
    }
  }

  function faultOf(value: Attestation): string | null {
    if (!equalBytes(value.source, source)) return 'is by somebody else than the release says'
    if (!value.campaign.equals(content.campaign)) return 'is of another campaign'
    return campaign === null || isCustodianOf(campaign, source) ? null : 'is by nobody whose word counts'
  }

  async function pairsOf(manifest: CID): Promise<CID> {
    const { files } = decodeManifest(await readBlock(blocks, manifest))
    return files.find(({ name }) => name === 'pairs.parquet')!.cid
  }

  const values = [...all.values()].flatMap((read) => read?.value ?? [])
  const check = findings.end(
    'attestations',
    (count) => `${nameOfPeer(source)} says of ${count} shards: ${tell(values)}`,
  )
  const needed = new Set(values.flatMap(({ removal }) => removal?.toString() ?? []))
  if (needed.size > 0)
    for (const { id } of await removals.list(content.campaign)) needed.delete(id.toString())
  return check.state !== 'holds' || needed.size === 0
    ? check
    : { ...check, state: 'unknown', detail: `${check.detail}; removals that this takes are not here` }
}

function tell(values: readonly Attestation[]): string {
  if (values.length === 0) return 'nothing that is here'
  const days = values.map(({ scannedAt }) => new Date(scannedAt).toISOString().slice(0, 10)).sort()
  const [first, last] = [days[0]!, days.at(-1)!]
  const lists = new Map(
    values.flatMap((value) =>
      value.lists.map(({ kind, digest, entries }) => {
        const name = `${kind} ${Buffer.from(digest).toString('hex').slice(0, 12)}…`
        return [name, `${name} of ${entries.toLocaleString('en-US')}`]
      }),
    ),
  )
  const sum = (name: 'rows' | 'matched') =>
    values.reduce((all, value) => all + value[name], 0).toLocaleString('en-US')
  const more = lists.size - NAMED
  return `looked up ${first === last ? `on ${first}` : `from ${first} to ${last}`} in ${[...lists.values()].slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more lists` : ''}; of ${sum('rows')} rows ${sum('matched')} matched`
}
