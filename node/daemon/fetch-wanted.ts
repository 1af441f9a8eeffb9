import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeManifest, type Manifest } from '../../protocol/records/manifest.ts'
import type { ShardState } from '../../protocol/rules/quorum.ts'
import type { BlockSource, Progress, ShardDetails } from '../components.ts'
import { type Hiding, rowHider, saveShown } from '../denied/denied.ts'
import {
  type FetchProgress,
  fetchOne,
  fetchShard,
  findSources,
  openGateway,
  openPool,
  type SourcePool,
  type SourceReport,
} from '../fetch/fetch.ts'
import type { Home } from '../home.ts'
import { nameOfPeer } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import type { Network } from '../network/network.ts'
import { parseSource } from '../parse-cid.ts'
import { addPin, holdRoot } from '../pins/pins.ts'
import type { PolicyRequest } from '../read-policy.ts'
import { isAttestation, isReleaseRecord, keepAttestation } from '../release/release.ts'
import type { Removals } from '../removals/removals.ts'
import { describeShard } from '../shard/shard.ts'
import { type FetchedRelease, fetchRelease } from './fetch-release.ts'
import { listJudged, type ShardStanding } from './list-judged.ts'
import { visitCampaign } from './visit-campaign.ts'

export interface FetchRequest {
  /** of a shard's manifest, or of a signed release */
  cid: string
  /** absolute path of a directory for plain copies of its files */
  out?: string | null
  /** addresses of gateways, and multiaddrs of nodes, that are asked first */
  gateways?: readonly string[]
  peers?: readonly string[]
  /** take a shard that is not verified as well */
  unverified?: boolean
  /** ids of peers whose releases are trusted besides the campaign's own */
  signers?: readonly string[]
  /** by which a shard has to be verified; null: the campaign's */
  policy?: PolicyRequest | null
}

export interface FetchResult {
  cid: string
  /** null where a release was fetched */
  shard: ShardDetails | null
  /** of the shard, by the policy asked for */
  state: ShardState | null
  release: FetchedRelease | null
  /** null unless a custodian's attestation was fetched */
  attestation: { campaign: string; source: string; files: number } | null
  /** who gave what; those who sent bytes of other blocks are `forged` */
  sources: SourceReport[]
  /** files that were written to `out` */
  paths: string[]
  seconds: number
}

export interface FetchRunning {
  signal?: AbortSignal | undefined
  onProgress?: ((progress: Progress) => void) | undefined
}

export interface FetchParts {
  home: Home
  ledger: Ledger
  network: Network
  removals: Pick<Removals, 'demandFresh'>
  hiding: Hiding
}

/** How it goes on in the parts of a fetch. */
export interface FetchWork extends FetchParts {
  signal: AbortSignal
  clock: () => number
  /** Ask the sources of something together, while `work` lasts. */
  withPool<T>(root: CID, campaign: CID | null, work: (pool: SourcePool) => Promise<T>): Promise<T>
  onBytes(progress: FetchProgress): void
  /** bytes that the disk has room for */
  room(): Promise<number>
}

/** Milliseconds that somebody is waited for who may have it. */
const LONELY_MS = 3_000
const LOOK_MS = 100
/** Records of one manifest that are looked at: its producers. */
const MOST_RECORDS = 100

/**
 * Get a shard that is verified by a policy, or a release, from whoever has it: peers and gateways together.
 *
 * @throws ShoalError `shard_unverified`, `shard_unknown`, `removals_stale`, `fetch_unknown`;
 *   `gateway_invalid`, `address_invalid`, `peer_unreachable`, `campaign_unfound`; as `fetchShard`, `fetchRelease`; the
 *   signal's reason
 */
export async function fetchWanted(
  parts: FetchParts,
  request: FetchRequest,
  { signal, onProgress, log, clock }: FetchRunning & { signal: AbortSignal; log: Log; clock: () => number },
): Promise<FetchResult> {
  const { home, network } = parts
  const started = performance.now()
  const cid = parseSource(request.cid)
  await using opened = new AsyncDisposableStack()
  const first: BlockSource[] = []
  for (const address of request.gateways ?? []) {
    const gateway = openGateway(address)
    opened.defer(() => gateway.close())
    first.push(gateway)
  }
  const gateways = new Set(first.map(({ name }) => name))
  for (const address of request.peers ?? [])
    first.push(network.blockSource(await network.dial(address, { signal })))
  if (first.length === 0) await waitForPeers(network, signal)
  opened.defer(holdRoot(home.blocks, cid))
  const sources = new Map<string, SourceReport>()
  const forgers = new Set<string>()

  const work: FetchWork = {
    ...{ ...parts, signal, clock },
    async withPool(root, campaign, use) {
      const ending = new AbortController()
      const end = () => ending.abort(signal.reason)
      signal.addEventListener('abort', end)
      const honest = first.filter(({ name }) => !forgers.has(name))
      const pool = openPool(findSources(network, { root, campaign, first: honest }, ending.signal), {
        ...{ log, signal },
        onForged(name) {
          forgers.add(name)
          if (!gateways.has(name)) void network.shun(name)
        },
      })
      try {
        return await use(pool)
      } finally {
        signal.removeEventListener('abort', end)
        pool.close()
        ending.abort()
        addReports(sources, pool.report())
      }
    },
    onBytes: ({ done, total }) =>
      onProgress?.({
        ...{ file: request.cid, segment: 0, segments: 1 },
        stages: [{ stage: 'fetch', done, total, unit: 'bytes' }],
      }),
    async room() {
      const { bavail, bsize } = await statfs(home.blocks.path)
      return bavail * bsize
    },
  }
  const block = await work.withPool(cid, null, (pool) => fetchOne({ blocks: home.blocks, pool }, cid))
  const fetched = isAttestation(block)
    ? { attestation: await fetchAttestation(work, block) }
    : isReleaseRecord(block)
      ? await fetchRelease(work, cid, request)
      : await fetchJudged(work, cid, readManifest(cid, block), request, log)
  return {
    ...{ cid: request.cid, shard: null, state: null, release: null, attestation: null, paths: [] },
    ...{ ...fetched, sources: [...sources.values()].filter(isWorthTelling) },
    seconds: (performance.now() - started) / 1000,
  }
}

const isWorthTelling = ({ blocks, state }: SourceReport) => blocks > 0 || state === 'forged'

/** @throws ShoalError as `keepAttestation` */
async function fetchAttestation(
  { home, network, clock }: FetchWork,
  block: Uint8Array,
): Promise<NonNullable<FetchResult['attestation']>> {
  const { id, value } = await keepAttestation(home, block, clock())
  network.provide(id)
  const { campaign, source, files } = value
  return { campaign: campaign.toString(), source: nameOfPeer(source), files: files.length }
}

/** Get a shard, if it is verified or need not be. */
async function fetchJudged(
  work: FetchWork,
  cid: CID,
  { campaign }: Manifest,
  request: FetchRequest,
  log: Log,
): Promise<Pick<FetchResult, 'shard' | 'state' | 'paths'>> {
  const { home, ledger, network, signal, clock } = work
  const judge = async (known: Ledger) => {
    const standing = await findStanding(known, home.signer.publicKey, cid, request.policy ?? null)
    const envelope = standing && (await known.find(CID.parse(standing.id)))
    return standing && envelope ? { standing, envelope } : null
  }
  const judged =
    (await judge(ledger)) ?? (await visitCampaign({ home, network }, campaign, { clock, log, signal }, judge))
  if (judged === null)
    throw new ShoalError(
      'shard_unknown',
      `nobody here has a record of shard ${cid}: name a node that takes part in campaign ${campaign} with --peer`,
    )
  const { standing, envelope } = judged
  if (standing.state !== 'verified' && !request.unverified) throw refuse(standing)
  const maxBytes = await work.room()
  const shard = await work.withPool(cid, campaign, (pool) =>
    fetchShard(home, cid, envelope, { pool, maxBytes, onProgress: work.onBytes }),
  )
  await addPin(home, cid, 'fetched')
  network.provide(cid)
  const { out = null } = request
  if (out !== null) await work.removals.demandFresh(campaign)
  const hidden = await work.hiding.hiddenIn(campaign)
  const details = await describeShard(home, shard, rowHider(hidden))
  const paths: string[] = []
  for (const file of out === null ? [] : shard.manifest.files) {
    const path = await saveShown(home.blocks, file, hidden, join(out!, file.name))
    details.files[file.name]!.path = path
    if (path !== null) paths.push(path)
  }
  return { shard: details, state: standing.state, paths }
}

/** Of several producers' records one that is verified, or else one that is not refused. */
async function findStanding(
  ledger: Ledger,
  self: Uint8Array,
  manifest: CID,
  policy: PolicyRequest | null,
): Promise<ShardStanding | null> {
  const page = { after: null, limit: MOST_RECORDS, state: null }
  const all = await listJudged(ledger, self)({ ...page, manifest: manifest.toString(), policy })
  return (
    all.find(({ state }) => state === 'verified') ??
    all.find(({ state }) => state !== 'refused') ??
    all[0] ??
    null
  )
}

function refuse({ manifest, state, good, needed, accused }: ShardStanding): ShoalError {
  const why = {
    verified: '',
    unaudited: `it has ${good} of the ${needed} good verdicts that it needs`,
    held: "too much of it can't be verified",
    disputed: `${accused.length} of its rows are accused, and that is not decided yet`,
    refused:
      accused.length > 0
        ? `${accused.length} of its rows are forged`
        : 'its producer signed two in one place',
  }[state]
  return new ShoalError(
    'shard_unverified',
    `shard ${manifest} is ${state}: ${why}; ask for another policy, or take it as it is with --unverified`,
  )
}

function readManifest(cid: CID, block: Uint8Array): Manifest {
  try {
    return decodeManifest(block)
  } catch (cause) {
    throw new ShoalError(
      'fetch_unknown',
      `${cid} is neither a shard's manifest nor a signed release: \`shoal segments\` and \`shoal release list\` name those`,
      { cause },
    )
  }
}

async function waitForPeers(network: Network, signal: AbortSignal): Promise<void> {
  const end = performance.now() + LONELY_MS
  while ((await network.peers()).length === 0 && performance.now() < end)
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
}

function addReports(all: Map<string, SourceReport>, reports: readonly SourceReport[]): void {
  for (const { name, blocks, bytes, state } of reports) {
    const known = all.get(name)
    all.set(name, {
      ...{ name, blocks: blocks + (known?.blocks ?? 0), bytes: bytes + (known?.bytes ?? 0) },
      state: known?.state === 'forged' ? 'forged' : state,
    })
  }
}
