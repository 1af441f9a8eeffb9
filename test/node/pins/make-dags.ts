import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as dagPb from '@ipld/dag-pb'
import { NextToLast } from 'blockstore-fs/sharding'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { type Home, openHome } from '../../../node/home.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { seal } from '../../../protocol/envelope.ts'

/** A data directory that is removed with everything else by `stack`. */
export async function openTemporary(stack: AsyncDisposableStack): Promise<Home & { dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-pins-'))
  stack.defer(() => rm(dir, { recursive: true }))
  const home = await openHome(dir)
  stack.defer(() => home.close())
  return { ...home, dir }
}

export const fileOf = ({ blocks }: Home, cid: CID) => {
  const { dir, file } = new NextToLast().encode(cid)
  return join(blocks.path, dir, file)
}

/** Make a block older. */
export async function ageBlock(home: Home, cid: CID, ms: number): Promise<void> {
  const at = new Date(Date.now() - ms)
  await utimes(fileOf(home, cid), at, at)
}

export async function putRaw({ blocks }: Home, text: string): Promise<CID> {
  const bytes = new TextEncoder().encode(text)
  return blocks.put(cidOf(bytes, 'raw'), bytes)
}

export async function putCbor({ blocks }: Home, value: unknown): Promise<CID> {
  const bytes = encode(value)
  return blocks.put(cidOf(bytes), bytes)
}

export async function putPb({ blocks }: Home, links: CID[], data: string): Promise<CID> {
  const bytes = dagPb.encode(
    dagPb.prepare({
      Data: new TextEncoder().encode(data),
      Links: links.map((Hash) => ({ Hash, Name: '', Tsize: 1 })),
    }),
  )
  return blocks.put(CID.createV1(dagPb.code, await sha256.digest(bytes)), bytes)
}

/** A record whose body names others, as a release's does. */
export async function putRecord({ blocks, signer }: Home, body: unknown): Promise<CID> {
  const { bytes, id } = await seal('release', encode(body), signer)
  return blocks.put(id, bytes)
}
