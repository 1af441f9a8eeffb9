import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeManifest } from '../../protocol/records/manifest.ts'
import type { Home } from '../home.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { entriesOf, isHeld, isReleaseRecord, readRelease } from '../release/release.ts'
import { readBlock } from '../shard/shard.ts'
import type { ScannedFile } from './scan-files.ts'

interface Found {
  campaign: CID
  files: ScannedFile[]
  /** verified shards of the campaign whose pairs are not all here */
  missing: number
}

/**
 * The files that are meant by a CID: of a shard, of a release, or of all verified shards of a campaign.
 *
 * @throws ShoalError `attest_unknown`; as `readRelease`, `entriesOf`
 */
export async function findFiles({ home, ledger }: { home: Home; ledger: Ledger }, cid: CID): Promise<Found> {
  const { store, blocks } = home
  if ((await store.campaigns.get(cid.bytes)) !== undefined) {
    const judged = await ledger.judgements(cid)
    const manifests = new Map(
      [...judged.shards('verified')].map(({ manifest }) => [String(manifest), manifest]),
    )
    const files: ScannedFile[] = []
    for (const manifest of manifests.values()) {
      if (!(await blocks.has(manifest))) continue
      const { file } = await fileOf(home, manifest)
      if (await isHeld(blocks, [file.cid])) files.push(file)
    }
    return { campaign: cid, files, missing: manifests.size - files.length }
  }
  if (!(await blocks.has(cid))) throw unknown(cid)
  if (isReleaseRecord(await readBlock(blocks, cid))) {
    const { content } = await readRelease(blocks, cid)
    const files: ScannedFile[] = []
    for await (const { manifest, pairs, bytes, rows } of entriesOf(blocks, content))
      files.push({ manifest, cid: pairs, bytes, rows })
    return { campaign: content.campaign, files, missing: 0 }
  }
  const { campaign, file } = await fileOf(home, cid).catch((cause: ShoalError) => {
    throw /^(codec|manifest)_/.test(cause.code) ? unknown(cid) : cause
  })
  return { campaign, files: [file], missing: 0 }
}

function unknown(cid: CID): ShoalError {
  return new ShoalError(
    'attest_unknown',
    `${cid} is no campaign, release or shard that is here: get it with \`shoal fetch ${cid}\` or \`shoal campaign join ${cid}\``,
  )
}

async function fileOf({ blocks }: Home, manifest: CID): Promise<{ campaign: CID; file: ScannedFile }> {
  const { campaign, files } = decodeManifest(await readBlock(blocks, manifest))
  const { cid, bytes, rows } = files.find(({ name }) => name === 'pairs.parquet')!
  return { campaign, file: { manifest, cid, bytes, rows } }
}
