import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { unixfs } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { MAX_PAGE_ENTRIES } from '../../protocol/limits.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import {
  decodeReleaseContent,
  makeRelease,
  makeReleaseContent,
  makeReleasePage,
  type Release,
  type ReleaseContent,
  type ReleaseEntry,
} from '../../protocol/records/release.ts'
import { blindSpot, type Profile } from '../../protocol/rules/profiles.ts'
import type { Policy } from '../../protocol/rules/standing.ts'
import { openCampaign } from '../campaigns/campaigns.ts'
import type { StageProgress } from '../components.ts'
import { openHiding } from '../denied/denied.ts'
import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type PolicyRequest, readPolicy } from '../read-policy.ts'
import { type Removals, readWanted } from '../removals/removals.ts'
import { demandAttested } from './attested.ts'
import { type ChosenShard, chooseShards } from './choose-shards.ts'
import { keepRelease, latestRelease } from './known.ts'
import { openLanes } from './lanes.ts'
import { readBlock } from './read.ts'
import { type Selection, selectRows, writeRows } from './select-rows.ts'

export interface CreateRequest {
  campaign: CID
  /** null: the campaign's own */
  policy: PolicyRequest | null
  /** a file of removals that are signed first, see `readWanted`; or null */
  removals: string | null
  /** key of the custodian who must have looked at every shard's pictures; absent: nobody needs to */
  attestedBy?: Uint8Array | undefined
  /** `research` where absent */
  profile?: Profile | undefined
  /** days until others must have a newer word on removals */
  validDays: number
}

export interface CreatedRelease {
  /** of the signed record */
  id: CID
  signed: Release
  content: ReleaseContent
  /** whether it is the content of the release before, signed anew */
  renewed: boolean
  /** removals that have been signed for it */
  signedRemovals: number
}

export interface CreateOptions {
  onProgress?: ((stages: StageProgress[]) => void) | undefined
  signal?: AbortSignal | undefined
}

interface Parts {
  home: Home
  ledger: Ledger
  removals: Removals
  /** milliseconds since 1970 */
  clock: () => number
}

const DAY_MS = 86_400_000

/**
 * Make a release of a campaign: of its shards that a policy takes, without the rows that are removed and those that a
 * shard before has. Only shards of which rows fell are written anew. The content depends on the records, the policy, what
 * is removed and the release before alone, so that nodes which agree in these come to the same CID. It appears among the
 * node's releases when all of its blocks are on the disk; a process that dies before leaves blocks, and nothing else.
 *
 * @throws ShoalError `campaign_unknown`; `profile_blind`; `peer_invalid`; `removals_*`; as `chooseShards`, `demandAttested`, `selectRows`
 */
export async function createRelease(
  { home, ledger, removals, clock }: Parts,
  request: CreateRequest,
  { onProgress = () => {}, signal }: CreateOptions = {},
): Promise<CreatedRelease> {
  const { store, blocks, signer } = home
  const id = request.campaign
  const campaign = await openCampaign(store, id)
  const policy = readPolicy(campaign.audit, request.policy)
  const { profile = 'research' } = request
  demandSight(campaign, profile)
  const wanted = request.removals === null ? [] : await Array.fromAsync(readWanted(request.removals))
  const { signed: signedRemovals } = await removals.issue(id, wanted)
  await removals.demandFresh(id)
  const shards = await chooseShards({ ledger, blocks }, id, campaign, policy)
  const { attestedBy } = request
  const attested =
    attestedBy && (await demandAttested({ store, removals }, { id, campaign }, attestedBy, shards))
  // whoever looks for removals after this finds more, not fewer
  const thisUpdate = clock()
  const { root } = await removals.inForce(id)
  // and by this machine's own lists, of which nobody is told
  const hidden = await openHiding(removals, [home.blocklists, home.feeds]).hiddenIn(id)

  const dir = join(home.workDir, `release-${randomUUID()}`)
  const lanes = openLanes(signal)
  try {
    await mkdir(dir, { recursive: true })
    const read = meter('read', sumOf(shards))
    const write = meter('write', null)
    const tell = () => onProgress([read, write])
    const counting = (stage: StageProgress) => (rows: number) => {
      stage.done += rows
      tell()
    }
    const onRows = counting(read)
    const selection = await selectRows(shards, { blocks, lanes, hidden, profile, dir, onRows })
    const entries = shards.map((shard, i) => entryOf(shard, selection.countOf(i), attested?.[i]?.id))
    const changed = [...entries.keys()].filter((i) => entries[i]!.rows < shards[i]!.rows)
    write.total = sumOf(changed.map((i) => shards[i]!))
    tell()
    await lanes.each(changed, async (lane, i) => {
      const keep = (from: number, to: number) => selection.keep(i, from, to)
      const onRows = counting(write)
      const path = await writeRows(shards[i]!, keep, { blocks, lane, dir, onRows })
      entries[i] = { ...entries[i]!, ...(await addFile(home, path)) }
      await rm(path)
    })
    await addRecords(home, ledger, id, shards)
    for (const { id, envelope } of new Set(attested)) await blocks.put(id, envelope)
    const { number, supersedes, content, ...signing } = await settle(home, id, campaign, {
      ...{ type: 'release', campaign: id, profile, policy: policyOf(policy) },
      shards: await addPages(home, entries),
      counts: {
        shards: entries.length,
        pairs: sumOf(entries),
        duplicates: entries.reduce((sum, one) => sum + one.duplicates, 0),
        removed: entries.reduce((sum, one) => sum + one.removed, 0),
        unfit: entries.reduce((sum, one) => sum + one.unfit, 0),
      },
      removals: root,
      attestedBy: attestedBy ?? null,
    })
    const nextUpdate = thisUpdate + request.validDays * DAY_MS
    const fields = {
      ...{ release: content.cid, campaign: id, profile, number },
      removals: { seq: signing.seq, root, thisUpdate, nextUpdate },
    }
    signal?.throwIfAborted()
    const sealed = await makeRelease(fields, signer)
    await keepRelease(
      home,
      { id: sealed.id, envelope: sealed.bytes },
      { bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0), now: thisUpdate },
    )
    return {
      ...{ id: sealed.id, signed: { ...fields, peer: signer.publicKey } },
      ...{ content: decodeReleaseContent(content.bytes), renewed: signing.renewed, signedRemovals },
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** @throws ShoalError `profile_blind` where nobody has looked for what the profile leaves out */
function demandSight({ name, pipeline }: Campaign, profile: Profile): void {
  const unseen = blindSpot(profile, pipeline.safety)
  if (unseen === null) return
  throw new ShoalError(
    'profile_blind',
    `nothing in campaign ${name} looks for ${unseen}, so that nobody can leave it out: release with --profile research, or make a campaign with heads or calibrated tags`,
  )
}

function entryOf(
  shard: ChosenShard,
  fell: ReturnType<Selection['countOf']>,
  attestation: CID | undefined,
): ReleaseEntry {
  const { segment, manifest, record, cid: pairs, bytes, rows } = shard
  return {
    ...{ segment, manifest, record, pairs, bytes, rows: rows - fell.duplicates - fell.removed - fell.unfit },
    ...fell,
    attestation: attestation ?? null,
  }
}

async function addFile({ blocks }: Home, path: string): Promise<Pick<ReleaseEntry, 'pairs' | 'bytes'>> {
  const pairs = await unixfs({ blockstore: blocks }).addByteStream(createReadStream(path), {
    profile: 'unixfs-v1-2025',
  })
  return { pairs, bytes: (await stat(path)).size }
}

/** The records of the campaign and of its shards become blocks, so that a release proves by itself who made what. */
async function addRecords(
  { store, blocks }: Home,
  ledger: Ledger,
  campaign: CID,
  shards: readonly ChosenShard[],
): Promise<void> {
  await blocks.put(campaign, (await store.campaigns.get(campaign.bytes))!)
  for (const { record, manifest } of shards) {
    if (await blocks.has(record)) continue
    const envelope = await ledger.find(record)
    if (envelope === null)
      throw new ShoalError(
        'release_changed',
        `shard ${manifest} was refused meanwhile: create the release again`,
      )
    await blocks.put(record, envelope)
  }
}

async function addPages({ blocks }: Home, entries: readonly ReleaseEntry[]): Promise<CID[]> {
  const pages: CID[] = []
  for (let from = 0; from < entries.length; from += MAX_PAGE_ENTRIES) {
    const page = makeReleasePage(entries.slice(from, from + MAX_PAGE_ENTRIES))
    await blocks.put(page.cid, page.bytes)
    pages.push(page.cid)
  }
  return pages
}

/** Number a content, unless it is that of the release before. */
async function settle(
  { store, blocks, signer }: Home,
  id: CID,
  campaign: Campaign,
  fields: Omit<ReleaseContent, 'number' | 'supersedes'>,
) {
  const { latest, ownSeq } = await latestRelease(
    store,
    { id, campaign, profile: fields.profile },
    signer.publicKey,
  )
  const seq = ownSeq + 1
  if (latest !== null && (await blocks.has(latest.signed.release))) {
    const { number, supersedes } = decodeReleaseContent(await readBlock(blocks, latest.signed.release))
    const content = makeReleaseContent({ ...fields, number, supersedes })
    if (content.cid.equals(latest.signed.release)) return { number, supersedes, content, seq, renewed: true }
  }
  const number = latest === null ? 1 : latest.signed.number + 1
  const supersedes = latest?.signed.release ?? null
  const content = makeReleaseContent({ ...fields, number, supersedes })
  await blocks.put(content.cid, content.bytes)
  return { number, supersedes, content, seq, renewed: false }
}

function policyOf({ quorum, operators, leastStanding }: Policy): ReleaseContent['policy'] {
  return { quorum, operators: operators === null ? null : [...operators], leastStanding }
}

function meter(stage: 'read' | 'write', total: number | null): StageProgress {
  return { stage, done: 0, total, unit: 'rows' }
}

function sumOf(some: readonly { rows: number }[]): number {
  return some.reduce((sum, { rows }) => sum + rows, 0)
}
