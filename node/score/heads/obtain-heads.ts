import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../../protocol/errors.ts'
import type { Head } from '../../../protocol/records/safety.ts'
import { hashFile } from '../model-files.ts'
import { checkRoom, inTurn, isThere, type ObtainOptions } from '../obtain-model.ts'
import { takeFromPeers } from '../take-from-peers.ts'
import type { HeadFile } from './heads-worker.ts'

export type ObtainHeadsOptions = Pick<
  ObtainOptions,
  'cacheDir' | 'peers' | 'onLie' | 'onProgress' | 'signal' | 'maxBytes'
>

/** Heads have no origin but the campaign's members, who are asked for them by their hashes. */
function placeOf(cacheDir: string, { file }: Head): string {
  return join(cacheDir, 'heads', `${file.sha256}.onnx`)
}

/**
 * See to it that the files of a campaign's heads are here, from peers where they are not.
 *
 * @throws ShoalError `campaign_head` where one can't be had; `campaign_model` where there is no room; what the disk does;
 *   the signal's reason
 */
export async function obtainHeads(
  heads: readonly Head[],
  { cacheDir, peers, onLie, onProgress, signal, maxBytes }: ObtainHeadsOptions,
): Promise<HeadFile[]> {
  const total = heads.reduce((sum, { file }) => sum + file.bytes, 0)
  let done = 0
  const found: HeadFile[] = []
  for (const head of heads) {
    const path = placeOf(cacheDir, head)
    const file = { path: `${head.file.sha256}.onnx`, ...head.file }
    const take = async () => {
      if (await isThere(path, file)) return
      await rm(path, { force: true })
      await checkRoom(
        join(cacheDir, 'heads'),
        { repo: `head ${head.name}`, files: [file] },
        file.bytes,
        maxBytes,
      )
      const onBytes = (bytes: number) => onProgress?.({ done: done + bytes, total, unit: 'bytes' })
      const reasons = peers ? await takeFromPeers(file, path, { peers, onLie, onBytes, signal }) : []
      if (reasons !== null) throw unobtainable(head, reasons)
    }
    await inTurn(path, take)
    done += file.bytes
    found.push({ head, path })
  }
  return found
}

/** Copy the heads of one's own campaign to where those of others are kept, so that the directories may go. */
export async function keepHeads(files: readonly HeadFile[], cacheDir: string): Promise<void> {
  for (const { head, path } of files) {
    const place = placeOf(cacheDir, head)
    if (await isThere(place, { path, ...head.file })) continue
    await mkdir(join(cacheDir, 'heads'), { recursive: true })
    await copyFile(path, `${place}.copy`)
    const { sha256 } = await hashFile(`${place}.copy`)
    if (sha256 !== head.file.sha256)
      throw new ShoalError('head_changed', `${path} has changed while it was read: try again`)
    await rename(`${place}.copy`, place)
  }
}

function unobtainable({ name, file }: Head, reasons: string[]): ShoalError {
  return new ShoalError(
    'campaign_head',
    `the campaign's head ${name} (sha256 ${file.sha256}) can't be had (${reasons.join('; ') || 'nobody was asked for it'}): name nodes that have it with --peer`,
  )
}
