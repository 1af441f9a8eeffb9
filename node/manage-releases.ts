import { ShoalError } from '../protocol/errors.ts'
import type { Profile } from '../protocol/rules/profiles.ts'
import { type Attested, attest, useBlocklists, writeAttestations } from './attest/attest.ts'
import type { Progress, StageProgress } from './components.ts'
import { type Home, openHome } from './home.ts'
import { keyOfPeer, nameOfPeer } from './identity.ts'
import { type Ledger, openLedger, verifyInPool } from './ledger/ledger.ts'
import { parseCampaign, parseRelease, parseSource } from './parse-cid.ts'
import type { PolicyRequest } from './read-policy.ts'
import {
  type Check,
  campaignOf,
  checkRelease,
  createRelease,
  demandTrusted,
  diffReleases,
  knownReleases,
  type ReadRelease,
  type ReleaseDiff,
  readRelease,
} from './release/release.ts'
import { openRemovals, type Removals } from './removals/removals.ts'

/** A release, for people; CIDs and peers by their names, times in milliseconds since 1970. */
export interface ReleaseDetails {
  /** of the signed record: what is handed around */
  release: string
  /** equal for all who make it of the same records */
  content: string
  campaign: string
  /** of the campaign; null where its record is not here */
  name: string | null
  profile: Profile
  number: number
  signer: string
  own: boolean
  /** why it must not be used, or null: `release_signer`, `removals_stale` */
  refused: string | null
  policy: { quorum: number; operators: string[] | null; leastStanding: number }
  counts: ReadRelease['content']['counts']
  removals: { seq: number; root: string | null; thisUpdate: number; nextUpdate: number }
  /** id of the custodian whose attestations of all shards come with it, or null */
  attestedBy: string | null
  supersedes: string | null
}

export interface ReleaseRequest {
  campaign: string
  policy: PolicyRequest | null
  /** absolute path of a file of removals, or null */
  removals: string | null
  /** `research` where absent */
  profile?: Profile | undefined
  /** id of the custodian who must have attested every shard, or null */
  attestedBy: string | null
  validDays: number
}

/** What came of a scan; never which pairs matched. CIDs by their names. */
interface AttestedDetails extends Pick<Attested, 'files' | 'skipped' | 'missing' | 'rows' | 'matched'> {
  campaign: string
  /** signed now */
  attestations: string[]
  /** what was looked up in; `digest` as `sort -u | sha256sum` prints it */
  lists: { kind: string; digest: string; entries: number; rows: number }[]
  out: string | null
}

/** What can be done with releases in a data directory. One is made, verified or compared at a time. */
export interface Releases {
  /** @throws ShoalError `release_busy`; as `createRelease` */
  createRelease(
    request: ReleaseRequest,
  ): Promise<ReleaseDetails & { renewed: boolean; signedRemovals: number }>
  listReleases(): Promise<ReleaseDetails[]>
  /** @throws ShoalError `cid_invalid`; as `readRelease` */
  showRelease(cid: string): Promise<ReleaseDetails>
  /** @param signers - peers' ids. @throws ShoalError `release_busy`; as `checkRelease` */
  verifyRelease(cid: string, signers: string[]): Promise<ReleaseDetails & { checks: Check[] }>
  /** @throws ShoalError `release_busy`; as `diffReleases` */
  diffReleases(
    before: string,
    after: string,
  ): Promise<Pick<ReleaseDiff, 'shards' | 'pairs'> & { before: ReleaseDetails; after: ReleaseDetails }>
  /**
   * Look pairs up in this machine's blocklists, and sign that it was done.
   *
   * @param cid - of a campaign, a release or a shard
   * @param out - absolute path of a CAR file with the attestations for other nodes, or null
   * @throws ShoalError `release_busy`, `cid_invalid`, `car_write`; as `attest`, `useBlocklists`
   */
  attest(cid: string, out: string | null): Promise<AttestedDetails>
  /** null where nothing is at work */
  releaseProgress(): Promise<Progress | null>
  stopRelease(): Promise<void>
}

interface Running {
  progress: Progress | null
  stop: AbortController
}

export function manageReleases(
  home: Home,
  ledger: Ledger,
  removals: Removals,
  clock: () => number,
): Releases {
  const parts = { home, ledger, removals, clock }
  let running: Running | null = null

  async function alone<Result>(
    file: string,
    work: (options: {
      onProgress: (stages: StageProgress[]) => void
      signal: AbortSignal
    }) => Promise<Result>,
  ): Promise<Result> {
    if (running !== null)
      throw new ShoalError('release_busy', 'this node is at work on a release: try again when that is done')
    const mine: Running = { progress: null, stop: new AbortController() }
    running = mine
    try {
      return await work({
        signal: mine.stop.signal,
        onProgress: (stages) => {
          mine.progress = { file, segment: 0, segments: 1, stages: stages.map((stage) => ({ ...stage })) }
        },
      })
    } finally {
      running = null
    }
  }

  async function describe(read: ReadRelease, signers: readonly Uint8Array[] = []): Promise<ReleaseDetails> {
    const { id, signed, content } = read
    const campaign = await campaignOf(home.blocks, content).catch(() => null)
    const { quorum, operators, leastStanding } = content.policy
    const { seq, root, thisUpdate, nextUpdate } = signed.removals
    return {
      ...{ release: id.toString(), content: signed.release.toString() },
      ...{ campaign: content.campaign.toString(), name: campaign?.name ?? null },
      ...{ profile: content.profile, number: content.number, signer: nameOfPeer(signed.peer) },
      own: Buffer.compare(signed.peer, home.signer.publicKey) === 0,
      refused: whyRefused(read, { campaign, signers, now: clock() }),
      policy: { quorum, operators: operators?.map(nameOfPeer) ?? null, leastStanding },
      counts: content.counts,
      removals: { seq, root: root && Buffer.from(root).toString('hex'), thisUpdate, nextUpdate },
      attestedBy: content.attestedBy && nameOfPeer(content.attestedBy),
      supersedes: content.supersedes?.toString() ?? null,
    }
  }

  return {
    createRelease: ({ campaign, policy, removals, profile, attestedBy, validDays }) =>
      alone('release', async (options) => {
        const request = {
          ...{ campaign: parseCampaign(campaign), policy, removals, profile, validDays },
          attestedBy: attestedBy === null ? undefined : keyOfPeer(attestedBy),
        }
        const created = await createRelease(parts, request, options)
        const { renewed, signedRemovals } = created
        return { ...(await describe(created)), renewed, signedRemovals }
      }),
    async listReleases() {
      const all: ReleaseDetails[] = []
      for await (const { id } of knownReleases(home.store)) {
        // of one that is no longer pinned nothing may be left
        const read = await readRelease(home.blocks, id).catch((error: ShoalError) => {
          if (error.code === 'block_missing') return null
          throw error
        })
        if (read) all.push(await describe(read))
      }
      return all.sort(
        (a, b) =>
          Number(a.campaign > b.campaign) - Number(a.campaign < b.campaign) ||
          a.number - b.number ||
          a.removals.thisUpdate - b.removals.thisUpdate,
      )
    },
    showRelease: async (cid) => describe(await readRelease(home.blocks, parseRelease(cid))),
    verifyRelease: (cid, signers) =>
      alone('release', async (options) => {
        const keys = signers.map(keyOfPeer)
        const checked = await checkRelease(parts, parseRelease(cid), { ...options, signers: keys })
        return { ...(await describe(checked, keys)), checks: checked.checks }
      }),
    diffReleases: (from, to) =>
      alone('releases', async (options) => {
        const compared = await diffReleases(home, [parseRelease(from), parseRelease(to)], options)
        const { before, after, shards, pairs } = compared
        return { before: await describe(before), after: await describe(after), shards, pairs }
      }),
    attest: (cid, out) =>
      alone('scan', async (options) => {
        const lists = await useBlocklists(home.blocklists)
        const attested = await attest(parts, parseSource(cid), lists, options)
        if (out !== null) await writeAttestations(attested.covering, out)
        return { ...describeAttested(attested), out }
      }),
    releaseProgress: async () => running?.progress ?? null,
    stopRelease: async () => running?.stop.abort(),
  }
}

function describeAttested(attested: Attested): Omit<AttestedDetails, 'out'> {
  const { campaign, attestations, covering, ...counts } = attested
  const lists = new Map<string, AttestedDetails['lists'][number]>()
  for (const { value } of attestations)
    for (const { kind, digest, entries, rows } of value.lists) {
      const hex = Buffer.from(digest).toString('hex')
      const before = lists.get(`${kind} ${hex}`)?.rows ?? 0
      lists.set(`${kind} ${hex}`, { kind, digest: hex, entries, rows: before + rows })
    }
  return {
    ...counts,
    campaign: campaign.toString(),
    attestations: attestations.map(({ id }) => id.toString()),
    lists: [...lists.values()],
  }
}

function whyRefused(read: ReadRelease, circumstances: Parameters<typeof demandTrusted>[1]): string | null {
  try {
    demandTrusted(read, circumstances)
    return null
  } catch (error) {
    return (error as ShoalError).code
  }
}

/** The releases of a data directory whose daemon is not running. @throws ShoalError as `openHome`, `openLedger` */
export async function withReleases<T>(dataDir: string, use: (releases: Releases) => Promise<T>): Promise<T> {
  const home = await openHome(dataDir)
  try {
    const ledger = await openLedger({ store: home.store, verify: verifyInPool, clock: Date.now })
    const removals = await openRemovals({ ...home, ledger, clock: Date.now })
    try {
      return await use(manageReleases(home, ledger, removals, Date.now))
    } finally {
      await removals.close()
      await ledger.close()
    }
  } finally {
    await home.close()
  }
}
