import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { compareEntries, type ReleaseEntry } from '../../protocol/records/release.ts'
import type { StageProgress } from '../components.ts'
import { NOTHING_HIDDEN } from '../denied/denied.ts'
import type { Home } from '../home.ts'
import { isHeld } from './held.ts'
import { openLanes } from './lanes.ts'
import { entriesOf, type ReadRelease, readRelease } from './read.ts'
import { compareRows, type PairsFile } from './select-rows.ts'

/** What changed from one release to another, as counts: what was removed is not told one by one. */
export interface ReleaseDiff {
  before: ReadRelease
  after: ReadRelease
  /** `changed`: in both, with other rows */
  shards: { gone: number; came: number; stayed: number; changed: number }
  /** null where the pairs of some shard that is not the same in both are not here */
  pairs: { gone: number; came: number; stayed: number } | null
}

/**
 * Compare two releases. Only shards that are not the same in both are read.
 *
 * @throws ShoalError `release_campaign` where they are of different campaigns; as `readRelease`, `entriesOf`
 */
export async function diffReleases(
  { blocks, workDir }: Pick<Home, 'blocks' | 'workDir'>,
  [from, to]: readonly [CID, CID],
  {
    onProgress = () => {},
    signal,
  }: { onProgress?: ((stages: StageProgress[]) => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ReleaseDiff> {
  const before = await readRelease(blocks, from)
  const after = await readRelease(blocks, to)
  if (!before.content.campaign.equals(after.content.campaign))
    throw new ShoalError(
      'release_campaign',
      `${from} is a release of campaign ${before.content.campaign}, ${to} of ${after.content.campaign}: compare two of one campaign`,
    )
  const shards = { gone: 0, came: 0, stayed: 0, changed: 0 }
  const old: PairsFile[] = []
  const young: PairsFile[] = []
  let same = 0
  for await (const [a, b] of inStep(entriesOf(blocks, before.content), entriesOf(blocks, after.content))) {
    if (a && b && a.pairs.equals(b.pairs)) {
      shards.stayed++
      same += a.rows
      continue
    }
    shards[a && b ? 'changed' : a ? 'gone' : 'came']++
    if (a) old.push(fileOf(a))
    if (b) young.push(fileOf(b))
  }
  const files = [...old, ...young]
  if (
    !(await isHeld(
      blocks,
      files.map(({ cid }) => cid),
    ))
  )
    return { before, after, shards, pairs: null }
  const dir = join(workDir, `diff-${randomUUID()}`)
  const lanes = openLanes(signal)
  try {
    await mkdir(dir, { recursive: true })
    const stage: StageProgress = {
      ...{ stage: 'read', done: 0, unit: 'rows' },
      total: files.reduce((sum, { rows }) => sum + rows, 0),
    }
    const onRows = (rows: number) => {
      stage.done += rows
      onProgress([stage])
    }
    const pairs = await compareRows(old, young, { blocks, lanes, hidden: NOTHING_HIDDEN, dir, onRows })
    return { before, after, shards, pairs: { ...pairs, stayed: pairs.stayed + same } }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function fileOf({ manifest, pairs, bytes, rows }: ReleaseEntry): PairsFile {
  return { manifest, cid: pairs, bytes, rows }
}

/** Two lists in one order: what is in both comes together. */
async function* inStep(
  left: AsyncGenerator<ReleaseEntry>,
  right: AsyncGenerator<ReleaseEntry>,
): AsyncGenerator<[ReleaseEntry | null, ReleaseEntry | null]> {
  let a = await left.next()
  let b = await right.next()
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : compareEntries(a.value, b.value)
    yield [order <= 0 ? (a.value as ReleaseEntry) : null, order >= 0 ? (b.value as ReleaseEntry) : null]
    if (order <= 0) a = await left.next()
    if (order >= 0) b = await right.next()
  }
}
