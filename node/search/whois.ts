import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { pipelineId } from '../../protocol/records/campaign.ts'
import { decodeVerdict, type Verdict } from '../../protocol/records/verdict.ts'
import { drawRows } from '../../protocol/rules/sample.ts'
import { pairUid } from '../../protocol/uid.ts'
import { locateSource } from '../campaigns/campaigns.ts'
import type { Home } from '../home.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { openTable, type Row } from '../shard/shard.ts'
import { findCampaign } from './find-campaign.ts'
import type { OpenShard } from './read-rows.ts'
import { findState } from './state.ts'

/** One link of the chain. */
export interface Step {
  name: 'pair' | 'row' | 'manifest' | 'producer' | 'campaign' | 'source' | 'state' | 'verdict' | 'signals'
  /** whether it holds; null where nothing here can tell */
  ok: boolean | null
  /** what was found, or what is wrong with it: a sentence */
  said: string
  /** names and values to look at */
  facts: Record<string, string | number | string[]>
}

/** Where a pair comes from. */
export interface Whois {
  uid: string
  url: string
  text: string
  page: string
  manifest: string
  row: number
  steps: Step[]
  /** whether every step holds, or at least none fails */
  ok: boolean
  /** other shards here that have the pair */
  also: { manifest: string; row: number }[]
}

interface Found {
  uid: string
  shard: OpenShard
  row: number
  cells: Row
}

type Parts = { home: Home; ledger: Ledger }
type Told = Omit<Step, 'name'>

/** Verdicts that are told of one shard. */
const MAX_VERDICTS = 32
const OUTCOME_COLUMNS = ['url', 'warc_path', 'warc_offset', 'image_ordinal', 'outcome', 'similarity']
const SOURCE_COLUMNS = ['source_offset', 'source_length', 'image_offset', 'image_length']

/** Follow a row to where it comes from; every link is verified anew. */
export async function traceRow(parts: Parts, found: Found): Promise<Omit<Whois, 'also'>> {
  const { uid, shard, row, cells } = found
  const steps: Step[] = []
  async function step(name: Step['name'], look: () => Told | Promise<Told>): Promise<void> {
    try {
      steps.push({ name, ...(await look()) })
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error
      steps.push({ name, ok: false, said: error.message, facts: { code: error.code } })
    }
  }
  await step('pair', () => checkPair(found))
  await step('row', () => checkRow(found))
  await step('manifest', () => checkManifest(shard))
  await step('producer', () => checkProducer(shard))
  await step('campaign', () => checkCampaign(parts, shard))
  await step('source', () => checkSource(parts, found))
  await step('state', () => checkState(parts, shard))
  for (const told of await listVerdicts(parts, found)) await step('verdict', () => told)
  await step('signals', () => tellSignals(cells))
  const { url, text, page_url: page } = cells as Record<'url' | 'text' | 'page_url', string>
  return {
    ...{ uid, url, text, page, manifest: shard.cid.toString(), row, steps },
    ok: steps.every(({ ok }) => ok !== false),
  }
}

function placeOf(cells: Row) {
  const { url, text, warc_path: warcPath } = cells as Record<'url' | 'text' | 'warc_path', string>
  const { warc_offset, image_ordinal: imageOrdinal } = cells as { warc_offset: bigint; image_ordinal: number }
  return { url, text, warcPath, warcOffset: Number(warc_offset), imageOrdinal }
}

function checkPair({ uid, cells }: Found): Told {
  const { url, text } = cells as Record<string, string>
  const own = pairUid(placeOf(cells), (bytes) => hash('sha256', bytes))
  const facts = { text: text!, url: url!, page: cells.page_url as string }
  if (own !== uid) return { ok: false, said: `place, address and text make another uid: ${own}`, facts }
  if (cells.hash !== hash('md5', `${url}${text}`))
    return { ok: false, said: 'its hash is not md5 of url and text', facts }
  return { ok: true, said: 'its uid follows from its place, address and text', facts }
}

async function checkRow({ shard, row, cells }: Found): Promise<Told> {
  const { file, entry } = shard
  const { rows } = await shard.pairs()
  const where = entry ? "the release's file" : 'pairs.parquet'
  const similarity = (cells.similarity as number).toFixed(3)
  const size = `${cells.width} × ${cells.height}`
  return {
    ...{ ok: true, said: `row ${row} of ${rows} in ${where}; the blocks read hash to their CIDs` },
    facts: { file: file.cid.toString(), row, similarity, size, sha256: cells.sha256 as string },
  }
}

function checkManifest({ cid, manifest, record, entry }: OpenShard): Told {
  const facts = {
    ...{ manifest: cid.toString(), segment: manifest.segment, software: manifest.software },
    device: manifest.deviceClass,
  }
  const agrees = record.segment === manifest.segment && record.campaign.equals(manifest.campaign)
  if (!agrees) return { ok: false, said: 'manifest and signed record name different segments', facts }
  const { pairs, candidates } = manifest.counts
  if (entry === null)
    return { ok: true, said: `links that file: ${pairs} pairs of ${candidates} candidates`, facts }
  const fell = entry.duplicates + entry.removed + entry.unfit
  const own = manifest.files.find(({ name }) => name === 'pairs.parquet')!
  if (entry.rows + fell !== pairs || (fell === 0 && !own.cid.equals(entry.pairs)))
    return { ok: false, said: "the release's file is not what is left of the manifest's", facts }
  return fell === 0
    ? { ok: true, said: `links that file: all ${pairs} pairs, as the release has them`, facts }
    : {
        ok: null,
        said: `of its ${pairs} pairs the release has ${entry.rows}; the others are not here`,
        facts,
      }
}

function checkProducer({ cid, manifest, record, recordId, producer }: OpenShard): Told {
  const facts = { producer, record: recordId.toString(), place: record.seq }
  const agrees = record.manifest.equals(cid) && record.rows === manifest.counts.pairs
  return agrees
    ? { ok: true, said: "the producer's signature over the manifest is good", facts }
    : { ok: false, said: 'what the producer signed is another manifest', facts }
}

async function checkCampaign({ home }: Parts, { manifest }: OpenShard): Promise<Told> {
  const campaign = await findCampaign(home, manifest.campaign)
  const id = manifest.campaign.toString()
  if (!campaign) return { ok: null, said: "the campaign's record is not here", facts: { campaign: id } }
  const facts = {
    ...{ campaign: id, name: campaign.name, organiser: nameOfPeer(campaign.key) },
    model: campaign.pipeline.model.repo,
  }
  return pipelineId(campaign.pipeline).equals(manifest.pipeline)
    ? { ok: true, said: "its organiser's signature is good, its pipeline is the manifest's", facts }
    : { ok: false, said: "the manifest names another pipeline than the campaign's", facts }
}

/** The outcome of the candidate, which has where the segment's own file holds the page and the image. */
async function checkSource({ home }: Parts, { shard, cells }: Found): Promise<Told> {
  const { warcPath, warcOffset, imageOrdinal, url } = placeOf(cells)
  const length = Number(cells.warc_length)
  const facts: Step['facts'] = { warc: warcPath, offset: warcOffset, length, image: imageOrdinal }
  const outcomes = shard.manifest.files.find(({ name }) => name === 'outcomes.parquet')!
  if (shard.entry !== null && !(await home.blocks.has(outcomes.cid)))
    return { ok: null, said: 'the row says so; outcomes.parquet is no part of a release', facts }
  const outcome = await findOutcome(home, shard, (row) => {
    const place = placeOf(row)
    return (
      place.warcPath === warcPath &&
      place.warcOffset === warcOffset &&
      place.imageOrdinal === imageOrdinal &&
      place.url === url
    )
  })
  if (outcome?.outcome !== 'kept' || outcome.similarity !== cells.similarity)
    return { ok: false, said: 'outcomes.parquet does not have it as kept with this similarity', facts }
  facts.read = `${outcome.source_offset} + ${outcome.source_length}`
  if (outcome.image_offset !== null) facts.archived = `${outcome.image_offset} + ${outcome.image_length}`
  const kept = 'outcomes.parquet has it as kept'
  const campaign = await findCampaign(home, shard.manifest.campaign)
  if (!campaign) return { ok: null, said: `${kept}; which file the segment is can't be told here`, facts }
  const source = await locateSource(home.blocks, campaign, shard.manifest.segment).catch(
    (error: ShoalError) => {
      // a campaign of one's own files has no address
      if (error.code === 'entry_address' || error.code === 'block_missing') return null
      throw error
    },
  )
  if (source === null) return { ok: true, said: kept, facts }
  facts.location = source.location
  if (source.kind === 'warc' && source.name !== warcPath)
    return { ok: false, said: `the segment is ${source.name}, and the row names another file`, facts }
  return { ok: true, said: `${kept}, and the campaign's segment is that file`, facts }
}

async function findOutcome(
  { blocks }: Home,
  { manifest }: OpenShard,
  isWanted: (row: Row) => boolean,
): Promise<Row | null> {
  const file = manifest.files.find(({ name }) => name === 'outcomes.parquet')!
  const table = await openTable(blocks, file)
  for await (const rows of table.groups([...OUTCOME_COLUMNS, ...SOURCE_COLUMNS])) {
    const found = rows.find(isWanted)
    if (found) return found
  }
  return null
}

async function checkState({ ledger }: Parts, { manifest, recordId }: OpenShard): Promise<Told> {
  const state = await findState(ledger, manifest.campaign, recordId)
  const said = {
    local: 'a campaign that this node takes no part in: no verdicts come here',
    unaudited: 'not audited yet, or not by enough verifiers',
    verified: 'verified by as many as the campaign asks for',
    held: "too much of the shard can't be verified",
    disputed: 'a row of the shard is accused, which is not decided yet',
    refused: 'the shard is refused: it is forged, or one of two in a place',
  }[state]
  const ok = state === 'verified' ? true : state === 'refused' ? false : null
  return { ok, said, facts: { state } }
}

/** Each with its signature verified; those that looked at this very row say so. */
async function listVerdicts({ home, ledger }: Parts, { shard, row }: Found): Promise<Told[]> {
  const { campaign, counts } = shard.manifest
  if (!ledger.campaigns().some(({ id }) => id.equals(campaign))) return []
  const samples = (await findCampaign(home, campaign))?.audit.samples ?? 0
  const told: Told[] = []
  for (const { id } of await ledger.verdictsOf(campaign, shard.cid, MAX_VERDICTS)) {
    const verdict = await readVerdict(ledger, id)
    if (verdict === null) continue
    const { ruling, matched, unverifiable, forged } = verdict
    const facts = { verdict: id.toString(), verifier: nameOfPeer(verdict.verifier) }
    // what a release left of a shard has other places
    const place = shard.entry === null || shard.entry.rows === counts.pairs ? row : null
    const looked = place !== null && drawRows(verdict.proof, 'kept', counts.pairs, samples).includes(place)
    const accused = forged.find((one) => one.frame === 'kept' && one.row === place)
    const rows = `${matched} rows match, ${unverifiable} unverifiable, ${forged.length} accused`
    const here = accused ? `; accuses this row: ${accused.code}` : looked ? '; looked at this row' : ''
    told.push({
      ok: accused || ruling === 'forged' ? false : ruling === 'good' ? true : null,
      said: `${ruling}: ${rows}${here}`,
      facts,
    })
  }
  return told
}

async function readVerdict(ledger: Ledger, id: CID): Promise<Verdict | null> {
  const envelope = await ledger.find(id)
  return envelope && decodeVerdict(await open(envelope, verifySignature))
}

function tellSignals({ signals, license, fetched_at }: Row): Told {
  const seen = signals as string[]
  const facts: Step['facts'] = { fetched: (fetched_at as Date).toISOString() }
  if (seen.length > 0) facts.signals = seen
  if (typeof license === 'string') facts.licence = license
  const said =
    seen.length === 0 ? 'no opt-out signal was seen on page, image or site' : 'seen on page, image or site'
  return { ok: true, said, facts }
}
