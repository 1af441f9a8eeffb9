import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import type { Profile } from '../../protocol/rules/profiles.ts'
import type { Hidden } from '../denied/denied.ts'
import { openTable, type ShardTable } from '../shard/shard.ts'
import type { Blocks } from '../store/store.ts'
import { startEntryFiles } from './entry-files.ts'
import type { Lane, Lanes } from './lanes.ts'
import { LEFT, REMOVED, SCANNED } from './limits.ts'
import type { Scanned } from './release-worker.ts'

/** The pairs of one shard: its own, or what a release has left of them. */
export interface PairsFile {
  manifest: CID
  cid: CID
  bytes: number
  rows: number
}

/** Which rows of some shards are left. */
export interface Selection {
  countOf(file: number): { duplicates: number; removed: number; unfit: number }
  /** 1 for each row that is left, of those of a file from one to before another */
  keep(file: number, from: number, to: number): Uint8Array
}

interface Work {
  blocks: Blocks
  lanes: Lanes
  /** of which all rows are removed */
  hidden: Hidden
  /** what else is left out */
  profile: Profile
  /** a directory of one's own */
  dir: string
  /** told of rows that have been looked at since the last call */
  onRows: (rows: number) => void
}

/**
 * Find the rows of shards that fall: those that are removed, of the others those that do not fit the profile, and of those
 * that are left the ones whose address and text an earlier one has, in the order of the files. Memory: 3 bits a row, and about 40 MB for each lane; on the disk 24 bytes a row.
 *
 * @throws ShoalError `release_shard` where a file can't be read; `block_missing`, `block_corrupt`
 */
export async function selectRows(files: readonly PairsFile[], work: Work): Promise<Selection> {
  const { lanes, dir } = work
  const starts = startsOf(files)
  const total = starts.at(-1)!
  const removed = new Int32Array(Math.ceil(total / 32))
  const unfit = new Int32Array(Math.ceil(total / 32))
  const duplicates = new Int32Array(new SharedArrayBuffer(4 * Math.ceil(total / 32)))
  const entries = await startEntryFiles(dir, total)
  await scan(files, work, 'hash', async (file, from, scanned) => {
    for (const [i, fell] of scanned.fell.entries())
      if (fell !== LEFT) setBit(fell === REMOVED ? removed : unfit, starts[file]! + from + i)
    await entries.add(scanned.keys, starts[file]! + from, scanned.fell)
  })
  await lanes.each(await entries.finish(), async (lane, path) => {
    await lane.run({ do: 'resolve', path, duplicates })
    await rm(path)
  })
  return {
    countOf: (file) => ({
      duplicates: countBits(duplicates, starts[file]!, starts[file + 1]!),
      removed: countBits(removed, starts[file]!, starts[file + 1]!),
      unfit: countBits(unfit, starts[file]!, starts[file + 1]!),
    }),
    keep: (file, from, to) =>
      Uint8Array.from({ length: to - from }, (_, i) => {
        const row = starts[file]! + from + i
        return [removed, unfit, duplicates].some((bits) => hasBit(bits, row)) ? 0 : 1
      }),
  }
}

/** How many pairs are in the one list of files alone, in the other alone, and in both, by their uids. */
export async function compareRows(
  before: readonly PairsFile[],
  after: readonly PairsFile[],
  work: Omit<Work, 'profile'>,
): Promise<{ gone: number; came: number; stayed: number }> {
  const files = [...before, ...after]
  const starts = startsOf(files)
  const entries = await startEntryFiles(work.dir, starts.at(-1)!)
  await scan(files, { ...work, profile: 'research' }, 'uid', (file, from, { keys, fell }) =>
    entries.add(keys, starts[file]! + from, fell.fill(LEFT)),
  )
  const sums = { gone: 0, came: 0, stayed: 0 }
  await work.lanes.each(await entries.finish(), async (lane, path) => {
    const { gone, came, stayed } = await lane.run<typeof sums>({
      ...{ do: 'compare', path, second: starts[before.length]! },
    })
    sums.gone += gone
    sums.came += came
    sums.stayed += stayed
    await rm(path)
  })
  return sums
}

async function scan(
  files: readonly PairsFile[],
  { blocks, lanes, hidden, profile, onRows }: Work,
  name: 'hash' | 'uid',
  take: (file: number, from: number, scanned: Scanned) => Promise<void>,
): Promise<void> {
  await lanes.each(files.entries(), (lane, [place, file]) =>
    readPairs(blocks, file, async (table, group, from) => {
      const part = await table.groupBytes(group, SCANNED)
      const scanned = await lane.run<Scanned>({
        ...{ do: 'scan', name, hidden, profile, file: table.file, part },
      })
      await take(place, from, scanned)
      onRows(scanned.fell.length)
    }),
  )
}

/** Do something with each row group of a file. @throws ShoalError `release_shard`, which names the shard */
async function readPairs(
  blocks: Blocks,
  file: PairsFile,
  use: (table: ShardTable, group: number, from: number, to: number) => Promise<void>,
): Promise<void> {
  try {
    const table = await openTable(blocks, { ...file, name: 'pairs.parquet' })
    for (const [group, from] of table.starts.entries())
      await use(table, group, from, table.starts[group + 1] ?? table.rows)
  } catch (error) {
    const { code, message } = error as ShoalError
    if (!/^(release_thread|shard_)/.test(code)) throw error
    throw new ShoalError(
      'release_shard',
      `shard ${file.manifest} can't be read (${message}): fetch it again with \`shoal fetch ${file.manifest}\`, or leave it out by a stricter policy`,
      { cause: error },
    )
  }
}

/**
 * Write what is left of a file, in the same row groups whatever fell.
 *
 * @throws ShoalError as `readPairs`; `release_thread` where rows were lost, since their thread was
 */
export async function writeRows(
  file: PairsFile,
  keep: (from: number, to: number) => Uint8Array,
  { blocks, lane, dir, onRows }: Omit<Work, 'lanes' | 'hidden' | 'profile'> & { lane: Lane },
): Promise<string> {
  const path = join(dir, `pairs-${file.manifest}`)
  let kept = 0
  await readPairs(blocks, file, async (table, group, from, to) => {
    const part = await table.groupBytes(group)
    const keeping = keep(from, to)
    kept += keeping.reduce((sum, one) => sum + one, 0)
    await lane.run({ do: 'write', path, keep: keeping, file: table.file, part })
    onRows(to - from)
  })
  const rows = await lane.run<number>({ do: 'finish', path })
  if (rows !== kept)
    throw new ShoalError('release_thread', `a thread was lost at work on shard ${file.manifest}: try again`)
  return path
}

function startsOf(files: readonly { rows: number }[]): number[] {
  let total = 0
  return [0, ...files.map(({ rows }) => (total += rows))]
}

function setBit(bits: Int32Array, at: number): void {
  bits[Math.floor(at / 32)]! |= 1 << (at % 32)
}

function hasBit(bits: Int32Array, at: number): boolean {
  return ((bits[Math.floor(at / 32)]! >>> (at % 32)) & 1) === 1
}

function countBits(bits: Int32Array, from: number, to: number): number {
  let count = 0
  for (let word = Math.floor(from / 32); word * 32 < to; word++) {
    let value = bits[word]!
    if (word * 32 < from) value &= -1 << (from - word * 32)
    if (word * 32 + 32 > to) value &= (1 << (to - word * 32)) - 1
    for (; value !== 0; value &= value - 1) count++
  }
  return count
}
