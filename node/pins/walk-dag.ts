import * as dagCbor from '@ipld/dag-cbor'
import * as dagPb from '@ipld/dag-pb'
import { createUnsafe } from 'multiformats/block'
import { CID } from 'multiformats/cid'
import type { ShoalError } from '../../protocol/errors.ts'
import { type Blocks, type Marks, makeMarks } from '../store/store.ts'

/** Codecs whose blocks name others. */
const CODECS: Readonly<Record<number, typeof dagCbor | typeof dagPb>> = {
  [dagCbor.code]: dagCbor,
  [dagPb.code]: dagPb,
}
/** The multihash whose digest is the block itself: it lies nowhere. */
const IDENTITY = 0

/**
 * Name every block of a DAG as far as it is here, each once: the root first, a block that is missing as well. Raw leaves
 * are not read.
 *
 * @param seen - of walks before, whose blocks are left out; their multihashes are marked, and with their codecs as tags
 *   where their own links were followed
 * @throws ShoalError `block_corrupt`, `block_missing` where a block with links is here but can't be read
 */
export async function* walkDag(
  blocks: Pick<Blocks, 'get'>,
  root: CID,
  seen: Marks = makeMarks(),
): AsyncGenerator<CID> {
  const open = [root]
  for (let cid = open.pop(); cid !== undefined; cid = open.pop()) {
    const { bytes: multihash, code } = cid.multihash
    if (code === IDENTITY) continue
    if (seen.add(multihash)) yield cid
    // the same bytes may be named as a leaf first
    if (!(cid.code in CODECS) || !seen.add(multihash, cid.code)) continue
    const bytes = await readPresent(blocks, cid)
    if (bytes === null) continue
    for (const link of linksOf(cid.code, bytes)) {
      const { bytes: multihash, code } = link.multihash
      if (link.code in CODECS) open.push(link)
      else if (code !== IDENTITY && seen.add(multihash)) yield link
    }
  }
}

/**
 * What Shoal's own blocks, all of which name their campaign, link without being made of it: campaign and pipeline are no
 * blocks, and what came before is a DAG of its own.
 */
const REFERENCES = ['campaign', 'pipeline', 'previous', 'supersedes']

/**
 * The CIDs of what a block is made of; of a signed record those in its body. None of bytes that are not what the codec
 * says, or of another codec.
 */
export function linksOf(code: number, bytes: Uint8Array): CID[] {
  const codec = CODECS[code]
  if (codec === undefined) return []
  try {
    const value = codec.decode(bytes)
    const named = Array.from(createUnsafe({ bytes, value, codec, cid: ANY }).links())
    const { body, sig, campaign, kind, type } = value as Record<string, unknown>
    const isOurs = code === dagCbor.code && CID.asCID(campaign) !== null
    // a release comes with its campaign's record
    const isMeant = (path: string) =>
      !isOurs || !REFERENCES.includes(path) || (type === 'release' && path === 'campaign')
    const links = named.flatMap(([path, cid]) => (isMeant(path) ? cid : []))
    // what somebody has looked at is no part of what was said of it
    if (kind === 'attestation') return []
    return code === dagCbor.code && body instanceof Uint8Array && sig instanceof Uint8Array
      ? [...links, ...linksOf(code, body)]
      : links
  } catch {
    return []
  }
}

/** `links` looks at the value alone. */
const ANY = {} as CID

/** @returns null for one that is not here, or can't be checked */
async function readPresent(blocks: Pick<Blocks, 'get'>, cid: CID): Promise<Uint8Array | null> {
  try {
    const parts = await Array.fromAsync(blocks.get(cid))
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  } catch (error) {
    const { code, cause } = error as ShoalError
    if (code === 'block_hash' || (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null
    throw error
  }
}
